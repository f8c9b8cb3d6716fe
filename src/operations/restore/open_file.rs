//! An LTX file whose header and index have been read.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::ReadLimits;
use super::error::Fault;
use crate::client::replica::Bucket;
use crate::domain::ltx::{
    Checksum, END_OF_PAGES, HEADER_BYTES, Header, LtxError, MIN_FILE_BYTES, PageIndex, TRAILER_BYTES, Tail,
};
use crate::domain::replica::LtxObject;

/// Read at the end of a larger file at first: the index of some 4,000 pages.
const TAIL_GUESS: u64 = 32 << 10;

/// Header, index and checksums of a file; its pages too, if it is small.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) object: LtxObject,
    pub(super) header: Header,
    pub(super) tail: Tail,
    /// The whole file, if it was small enough for one request.
    whole: Option<Bytes>,
    header_bytes: Bytes,
    /// From the end of the pages to before the file checksum: what the checksum covers after the pages.
    closing: Bytes,
}

impl OpenFile {
    /// Opens a file: one request if it is small, else one for each end and more for a long index.
    pub(super) async fn open(
        bucket: &Bucket,
        object: LtxObject,
        limits: &ReadLimits,
    ) -> Result<Arc<Self>, Fault> {
        if object.bytes < MIN_FILE_BYTES {
            return Err(Fault::Ltx(LtxError::Truncated {
                what: "an LTX file",
                need: MIN_FILE_BYTES,
                have: object.bytes,
            }));
        }
        if object.bytes <= limits.whole_bytes {
            let whole = bucket.read(&object.key, 0, object.bytes).await?;
            return Self::from_whole(object, whole);
        }
        let guess = TAIL_GUESS.min(object.bytes);
        let (head, end) = tokio::join!(
            bucket.read(&object.key, 0, HEADER_BYTES as u64),
            bucket.read(&object.key, object.bytes - guess, guess),
        );
        let (header_bytes, end) = (head?, end?);
        let header = Header::parse_named(&header_bytes, object.txids)?;
        let tail = Tail::parse(&end, &header, object.bytes)?;
        let from = closing_offset(&tail);
        let closing_bytes = object.bytes - 8 - from;
        let closing = if closing_bytes + 8 <= guess {
            let start = usize::try_from(guess - 8 - closing_bytes).unwrap_or(usize::MAX);
            end.slice(start..end.len() - 8)
        } else {
            read_long(bucket, &object.key, from, closing_bytes, limits.unit_bytes).await?
        };
        Self::checked(object, header, tail, None, header_bytes, closing)
    }

    fn from_whole(object: LtxObject, whole: Bytes) -> Result<Arc<Self>, Fault> {
        let header = Header::parse_named(&whole, object.txids)?;
        let tail = Tail::parse(&whole, &header, object.bytes)?;
        let from = usize::try_from(closing_offset(&tail)).unwrap_or(usize::MAX);
        let header_bytes = whole.slice(..HEADER_BYTES);
        let closing = whole.slice(from..whole.len() - 8);
        Self::checked(object, header, tail, Some(whole), header_bytes, closing)
    }

    fn checked(
        object: LtxObject,
        header: Header,
        tail: Tail,
        whole: Option<Bytes>,
        header_bytes: Bytes,
        closing: Bytes,
    ) -> Result<Arc<Self>, Fault> {
        if !closing.starts_with(&END_OF_PAGES) {
            return Err(Fault::Ltx(LtxError::Index("no end of pages before it")));
        }
        Ok(Arc::new(Self {
            object,
            header,
            tail,
            whole,
            header_bytes,
            closing,
        }))
    }

    /// The index, entry by entry.
    pub(super) fn index(&self) -> PageIndex {
        let behind = self.closing.len() - 8 - 8;
        PageIndex::new(
            self.closing.slice(END_OF_PAGES.len()..behind),
            &self.header,
            &self.tail,
        )
    }

    /// Bytes of the pages: out of memory if the file is there, else by a request.
    pub(super) async fn pages(&self, bucket: &Bucket, offset: u64, bytes: u64) -> Result<Bytes, Fault> {
        match &self.whole {
            Some(whole) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX);
                let length = usize::try_from(bytes).unwrap_or(usize::MAX);
                Ok(whole.slice(start..start + length))
            }
            None => Ok(bucket.read(&self.object.key, offset, bytes).await?),
        }
    }

    /// Bytes of header, index and trailer.
    pub(super) fn bytes_around_pages(&self) -> u64 {
        HEADER_BYTES as u64 + self.closing.len() as u64 + 8
    }

    /// The checksum up to the first page.
    pub(super) fn opening_sum(&self) -> Checksum {
        let mut sum = Checksum::new();
        sum.update(&self.header_bytes);
        sum
    }

    /// Holds the checksums against the file's own: of everything up to the last page, and of the database.
    pub(super) fn close(&self, mut sum: Checksum, database: u64) -> Result<(), LtxError> {
        sum.update(&self.closing);
        if sum.value() != self.tail.file_checksum {
            return Err(LtxError::FileChecksum {
                stored: self.tail.file_checksum,
                computed: sum.value(),
            });
        }
        let tracked = self.header.tracks_checksum && self.header.txids.is_full_image();
        if tracked && database != self.tail.post_apply {
            return Err(LtxError::DatabaseChecksum {
                stored: self.tail.post_apply,
                computed: database,
            });
        }
        Ok(())
    }
}

fn closing_offset(tail: &Tail) -> u64 {
    tail.index_offset - END_OF_PAGES.len() as u64
}

async fn read_long(bucket: &Bucket, key: &str, from: u64, bytes: u64, step: u64) -> Result<Bytes, Fault> {
    let mut read = BytesMut::with_capacity(usize::try_from(bytes).unwrap_or(0));
    let mut at = 0;
    while at < bytes {
        let next = step.max(TRAILER_BYTES).min(bytes - at);
        read.extend_from_slice(&bucket.read(key, from + at, next).await?);
        at += next;
    }
    Ok(read.freeze())
}
