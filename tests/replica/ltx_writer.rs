//! Writes LTX files: what Litestream would write, its older encoding, and what only an attacker would.

use std::io::Write as _;

use modbot::domain::ltx::{Checksum, Header, PageIndex, Tail, decode_frame, page_checksum};

/// How to write the pages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// A length and a raw LZ4 block.
    Block,
    /// An LZ4 frame, as the first 0.5 releases wrote.
    Frame,
}

pub(super) struct Ltx {
    pub(super) flags: u32,
    pub(super) page_size: u32,
    pub(super) commit: u32,
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) timestamp_ms: u64,
    pub(super) pages: Vec<(u32, Vec<u8>)>,
}

impl Ltx {
    /// Takes a file of Litestream's apart.
    pub(super) fn read(bytes: &[u8]) -> Self {
        let header = Header::parse(bytes).unwrap();
        let tail = Tail::parse(bytes, &header, bytes.len() as u64).unwrap();
        let start = usize::try_from(tail.index_offset).unwrap();
        let index = bytes[start..start + usize::try_from(tail.index_bytes).unwrap()].to_vec();
        let mut page = vec![0; header.page_size.bytes()];
        let pages = PageIndex::new(index.into(), &header, &tail)
            .map(|entry| {
                let entry = entry.unwrap();
                let from = usize::try_from(entry.offset).unwrap();
                let frame = &bytes[from..from + entry.size as usize];
                decode_frame(frame, entry, &mut page, &mut Checksum::new()).unwrap();
                (entry.pgno, page.clone())
            })
            .collect();
        Self {
            flags: 2,
            page_size: header.page_size.get(),
            commit: header.commit,
            min: header.txids.min.get(),
            max: header.txids.max.get(),
            timestamp_ms: header.timestamp_ms.cast_unsigned(),
            pages,
        }
    }

    pub(super) fn write(&self, encoding: Encoding) -> Vec<u8> {
        let mut file = b"LTX1".to_vec();
        for field in [self.flags, self.page_size, self.commit] {
            file.extend(field.to_be_bytes());
        }
        for field in [self.min, self.max, self.timestamp_ms] {
            file.extend(field.to_be_bytes());
        }
        file.resize(100, 0);
        let mut sum = Checksum::new();
        sum.update(&file);
        let mut index = Vec::new();
        for (pgno, page) in &self.pages {
            let offset = file.len();
            write_page(&mut file, &mut sum, *pgno, page, encoding);
            for number in [u64::from(*pgno), offset as u64, (file.len() - offset) as u64] {
                varint(&mut index, number);
            }
        }
        index.push(0);
        let closing = file.len();
        file.extend([0; 6]);
        file.extend(&index);
        file.extend((index.len() as u64).to_be_bytes());
        file.extend(self.post_apply().to_be_bytes());
        sum.update(&file[closing..]);
        file.extend(sum.value().to_be_bytes());
        file
    }

    /// Checksum of the database after a complete image with tracking; 0 without.
    fn post_apply(&self) -> u64 {
        if self.flags & 2 != 0 {
            return 0;
        }
        let pages = self.pages.iter().map(|(pgno, page)| page_checksum(*pgno, page));
        pages.fold(1 << 63, |sum, page| (sum ^ page) | 1 << 63)
    }
}

fn write_page(file: &mut Vec<u8>, sum: &mut Checksum, pgno: u32, page: &[u8], encoding: Encoding) {
    let start = file.len();
    file.extend(pgno.to_be_bytes());
    match encoding {
        Encoding::Block => {
            let block = lz4_flex::block::compress(page);
            file.extend(1u16.to_be_bytes());
            file.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
            sum.update(&file[start..]);
            file.extend(block);
        }
        Encoding::Frame => {
            file.extend(0u16.to_be_bytes());
            sum.update(&file[start..]);
            let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(page).unwrap();
            file.extend(encoder.finish().unwrap());
        }
    }
    sum.update(page);
}

fn varint(into: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}
