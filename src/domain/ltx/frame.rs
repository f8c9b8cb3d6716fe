//! One page in an LTX file, in either of its two encodings.

use std::io::Read;

use lz4_flex::block::decompress_into;

use super::{Checksum, Entry, LtxError, PageSize};
use crate::domain::lz4_stream::Lz4Stream;

/// Page number and flags.
pub const FRAME_HEADER_BYTES: usize = 6;
const SIZE_BYTES: usize = 4;
/// A length follows the frame header, then one raw LZ4 block; else a self-contained LZ4 frame follows.
const HAS_SIZE: u16 = 1;
/// Magic, descriptor with content size and header checksum, end mark, content checksum, some block sizes.
const LZ4_FRAME_OVERHEAD: usize = 64;

/// The most bytes a frame can take: LZ4 grows what it cannot compress by one byte in 255.
pub const fn max_frame_bytes(page_size: PageSize) -> usize {
    let page = page_size.bytes();
    FRAME_HEADER_BYTES + SIZE_BYTES + LZ4_FRAME_OVERHEAD + page + page / 255
}

/// Decompresses the frame that `entry` points to into `page` (exactly one page long) and takes what the
/// file's checksum covers of it into `sum`.
pub fn decode_frame(frame: &[u8], entry: Entry, page: &mut [u8], sum: &mut Checksum) -> Result<(), LtxError> {
    let pgno = entry.pgno;
    let mismatch = |what| LtxError::Frame { pgno, what };
    let Some((head, body)) = frame.split_first_chunk::<FRAME_HEADER_BYTES>() else {
        return Err(mismatch("too short"));
    };
    let [p0, p1, p2, p3, f0, f1] = *head;
    if u32::from_be_bytes([p0, p1, p2, p3]) != pgno {
        return Err(mismatch("another page number"));
    }
    sum.update(head);
    match u16::from_be_bytes([f0, f1]) {
        HAS_SIZE => {
            let Some((size, block)) = body.split_first_chunk::<SIZE_BYTES>() else {
                return Err(mismatch("too short"));
            };
            if u32::from_be_bytes(*size) as usize != block.len() {
                return Err(mismatch("another length"));
            }
            sum.update(size);
            decode_block(block, page)
        }
        0 => decode_lz4_frame(body, page),
        flags => return Err(LtxError::FrameFlags { pgno, flags }),
    }
    .map_err(|what| LtxError::Page { pgno, what })?;
    sum.update(page);
    Ok(())
}

fn decode_block(block: &[u8], page: &mut [u8]) -> Result<(), String> {
    let bytes = decompress_into(block, page).map_err(|e| e.to_string())?;
    if bytes == page.len() {
        Ok(())
    } else {
        Err(format!("{bytes} bytes instead of {}", page.len()))
    }
}

/// One LZ4 frame, end mark and checksum included, and nothing behind it.
fn decode_lz4_frame(mut bytes: &[u8], page: &mut [u8]) -> Result<(), String> {
    let mut decoder = Lz4Stream::new(&mut bytes);
    decoder.read_exact(page).map_err(|e| e.to_string())?;
    let more = decoder.read(&mut [0]).map_err(|e| e.to_string())?;
    if more != 0 {
        return Err("more than a page".to_owned());
    }
    if bytes.is_empty() {
        Ok(())
    } else {
        Err("something follows the page".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn entry(pgno: u32, frame: &[u8]) -> Entry {
        Entry {
            pgno,
            offset: 100,
            size: u32::try_from(frame.len()).unwrap(),
        }
    }

    fn framed(flags: u16, body: &[u8]) -> Vec<u8> {
        let mut frame = 7u32.to_be_bytes().to_vec();
        frame.extend(flags.to_be_bytes());
        frame.extend(body);
        frame
    }

    fn with_block(page: &[u8]) -> Vec<u8> {
        let block = lz4_flex::block::compress(page);
        let mut body = u32::try_from(block.len()).unwrap().to_be_bytes().to_vec();
        body.extend(block);
        framed(HAS_SIZE, &body)
    }

    fn with_lz4_frame(page: &[u8]) -> Vec<u8> {
        let info = lz4_flex::frame::FrameInfo::new().content_checksum(true);
        let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(page).unwrap();
        framed(0, &encoder.finish().unwrap())
    }

    fn decode(frame: &[u8]) -> Result<(Vec<u8>, u64), LtxError> {
        let (mut page, mut sum) = (vec![0; 512], Checksum::new());
        decode_frame(frame, entry(7, frame), &mut page, &mut sum).map(|()| (page, sum.value()))
    }

    #[test]
    fn both_encodings_give_the_page() {
        let page: Vec<u8> = (0..512u32).map(|n| (n * n % 251) as u8).collect();
        let (block, _) = decode(&with_block(&page)).unwrap();
        let (framed, sum) = decode(&with_lz4_frame(&page)).unwrap();
        assert_eq!((&block, &framed), (&page, &page));
        // A frame without a length: frame header and page are all that is summed.
        let mut expected = Checksum::new();
        expected.update(&with_lz4_frame(&page)[..6]);
        expected.update(&page);
        assert_eq!(sum, expected.value());
    }

    #[test]
    fn what_is_not_one_page_is_refused() {
        let page = vec![5; 512];
        let mut other = with_block(&page);
        other[3] = 8;
        assert!(matches!(decode(&other), Err(LtxError::Frame { pgno: 7, .. })));
        let mut flags = with_block(&page);
        flags[5] = 4;
        assert_eq!(decode(&flags), Err(LtxError::FrameFlags { pgno: 7, flags: 4 }));
        assert!(matches!(
            decode(&with_block(&page[..511])),
            Err(LtxError::Page { .. })
        ));
        assert!(matches!(
            decode(&with_block(&[5; 513])),
            Err(LtxError::Page { .. })
        ));
        assert!(matches!(
            decode(&with_lz4_frame(&[5; 513])),
            Err(LtxError::Page { .. })
        ));
        for cut in 0..with_lz4_frame(&page).len() {
            assert!(decode(&with_lz4_frame(&page)[..cut]).is_err(), "{cut}");
            assert!(decode(&with_block(&page)[..cut.min(with_block(&page).len() - 1)]).is_err());
        }
        let mut more = with_lz4_frame(&page);
        more.push(0);
        assert!(matches!(decode(&more), Err(LtxError::Page { .. })));
    }

    #[test]
    fn an_incompressible_page_fits_the_limit() {
        for bytes in [512, 4096, 65_536] {
            let size = PageSize::new(bytes).unwrap();
            let mut state = 1u32;
            let noise: Vec<u8> = (0..bytes)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8
                })
                .collect();
            let block = with_block(&noise);
            assert!(block.len() > size.bytes() && block.len() <= max_frame_bytes(size));
            assert!(with_lz4_frame(&noise).len() <= max_frame_bytes(size));
        }
    }
}
