//! Restoring what Litestream 0.3 wrote: an image, and WALs replayed on it.

use std::io::{self, Read};
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use tokio::runtime::Handle;

use super::error::Fault;
use super::unit::Target;
use super::{Phase, Progress, RestoreError};
use crate::client::replica::{Bucket, BucketError};
use crate::domain::ltx::PageSize;
use crate::domain::lz4_stream::Lz4Stream;
use crate::domain::replica::{LegacyNoPlan, LegacyPlan, Object, Place, Segment};
use crate::domain::wal::{WAL_FRAME_HEADER_BYTES, WAL_HEADER_BYTES, WalChecker, WalError};

/// Bytes of one request, and of one write.
const STEP: usize = 4 << 20;

/// Writes the planned state into `target`. An error comes with the key of the object at fault.
pub(super) async fn restore(
    bucket: &Arc<Bucket>,
    place: Place,
    plan: &LegacyPlan,
    target: &Target,
    progress: &(impl Fn(Progress) + Send + Sync),
) -> Result<(), (String, Fault)> {
    let wals: Vec<_> = plan.segments.chunk_by(|a, b| a.index == b.index).collect();
    // Each WAL is read twice: to find its last commit, and to write what is before that.
    let size = |segments: &[Segment]| segments.iter().map(|s| s.object.bytes).sum::<u64>();
    let total = plan.snapshot.object.bytes + 2 * wals.iter().map(|wal| size(wal)).sum::<u64>();
    let mut done = plan.snapshot.object.bytes;
    let tell = |done| {
        progress(Progress {
            phase: Phase::Reading,
            done,
            total,
        });
    };
    let page_size = read_snapshot(bucket, &plan.snapshot.object, Some(target.clone())).await?;
    tell(done);
    for wal in wals {
        let generation = (place, plan.generation.clone());
        read_wal(
            bucket,
            generation,
            wal.to_vec(),
            Some(page_size),
            Some(target.clone()),
        )
        .await?;
        done += 2 * size(wal);
        tell(done);
    }
    Ok(())
}

/// Decompresses an image, into `target` if there is one, and gives its page size.
pub(super) async fn read_snapshot(
    bucket: &Arc<Bucket>,
    object: &Object,
    target: Option<Target>,
) -> Result<PageSize, (String, Fault)> {
    let (key, stream) = (object.key.clone(), Ranged::new(bucket, object));
    let read = tokio::task::spawn_blocking(move || copy_image(Lz4Stream::new(stream), target.as_ref()));
    let read = read.await.unwrap_or_else(|died| Err(Fault::fatal(died)));
    read.map_err(|fault| (key, fault))
}

fn copy_image(mut image: impl Read, target: Option<&Target>) -> Result<PageSize, Fault> {
    let mut buffer = vec![0; STEP];
    let mut at = 0u64;
    let mut page_size = None;
    loop {
        let length = fill(&mut image, &mut buffer)?;
        let bytes = buffer.get(..length).unwrap_or_default();
        if at == 0 {
            page_size = database_page_size(bytes);
        }
        if let Some(target) = target {
            target.write(bytes, at)?;
        }
        at += length as u64;
        if length < buffer.len() {
            break;
        }
    }
    match page_size {
        Some(size) if at.is_multiple_of(u64::from(size.get())) => Ok(size),
        _ => Err(Fault::Content("is not the image of a SQLite database".to_owned())),
    }
}

/// The page size that a database file gives at its beginning.
fn database_page_size(bytes: &[u8]) -> Option<PageSize> {
    if !bytes.starts_with(b"SQLite format 3\0") {
        return None;
    }
    match bytes.get(16..18)? {
        [0, 1] => PageSize::new(65_536),
        [high, low] => PageSize::new(u32::from(*high) << 8 | u32::from(*low)),
        _ => None,
    }
}

/// Checks the segments of one WAL and, with a target, writes the pages of its committed transactions. The
/// database's length becomes what the last of them says.
pub(super) async fn read_wal(
    bucket: &Arc<Bucket>,
    generation: (Place, String),
    segments: Vec<Segment>,
    page_size: Option<PageSize>,
    target: Option<Target>,
) -> Result<(), (String, Fault)> {
    let bucket = Arc::clone(bucket);
    let work = move || {
        let open = || WalStream::new(&bucket, &generation, &segments);
        let mut first = open();
        let committed = committed(&mut first, page_size).map_err(|fault| (first.key(), fault))?;
        if let (Some(target), Some((frames, pages))) = (target, committed) {
            let mut second = open();
            write_frames(&mut second, frames, pages, &target).map_err(|fault| (second.key(), fault))?;
        }
        Ok(())
    };
    let read = tokio::task::spawn_blocking(work).await;
    read.unwrap_or_else(|died| Err((String::new(), Fault::fatal(died))))
}

/// Frames up to the last commit, and the database's pages after it; every frame is checked.
fn committed(wal: &mut impl Read, page_size: Option<PageSize>) -> Result<Option<(u64, u32)>, Fault> {
    let mut checker = begin(wal)?;
    if page_size.is_some_and(|size| size != checker.page_size()) {
        return Err(WalError::PageSize(checker.page_size().get()).into());
    }
    let (mut frames, mut last) = (0, None);
    let mut page = vec![0; checker.page_size().bytes()];
    while let Some(frame) = next_frame(wal, &mut checker, &mut page)? {
        frames += 1;
        if let Some(pages) = frame.commit {
            last = Some((frames, pages));
        }
    }
    Ok(last)
}

fn write_frames(wal: &mut impl Read, frames: u64, pages: u32, target: &Target) -> Result<(), Fault> {
    let mut checker = begin(wal)?;
    let page_bytes = checker.page_size().bytes();
    let mut page = vec![0; page_bytes];
    for _ in 0..frames {
        let Some(frame) = next_frame(wal, &mut checker, &mut page)? else {
            return Err(Fault::Vanished);
        };
        target.write(&page, u64::from(frame.pgno - 1) * page_bytes as u64)?;
    }
    target
        .set_len(u64::from(pages) * page_bytes as u64)
        .map_err(Fault::fatal)
}

fn begin(wal: &mut impl Read) -> Result<WalChecker, Fault> {
    let mut header = [0; WAL_HEADER_BYTES];
    if fill(wal, &mut header)? < header.len() {
        return Err(WalError::Torn(0).into());
    }
    Ok(WalChecker::new(&header)?)
}

fn next_frame(
    wal: &mut impl Read,
    checker: &mut WalChecker,
    page: &mut [u8],
) -> Result<Option<crate::domain::wal::WalFrame>, Fault> {
    let mut header = [0; WAL_FRAME_HEADER_BYTES];
    match fill(wal, &mut header)? {
        0 => return Ok(None),
        WAL_FRAME_HEADER_BYTES => {}
        _ => return Err(WalError::Torn(checker.offset()).into()),
    }
    if fill(wal, page)? < page.len() {
        return Err(WalError::Torn(checker.offset()).into());
    }
    Ok(Some(checker.check(&header, page)?))
}

/// Reads until the buffer is full or the input ends.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Fault> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fault_of(error)),
        }
    }
    Ok(filled)
}

/// What a reader of ours put into an I/O error, taken out again; anything else is the content's fault.
fn fault_of(error: io::Error) -> Fault {
    match error.downcast::<BucketError>() {
        Ok(error) => error.into(),
        Err(error) => match error.downcast::<Hole>() {
            Ok(hole) => Fault::fatal(RestoreError::NoLegacyPlan {
                place: hole.place,
                source: hole.missing,
                damaged: Vec::new(),
            }),
            Err(error) => Fault::Content(format!("does not decompress ({error})")),
        },
    }
}

/// A missing segment, found where the one after it begins too late.
#[derive(Debug, thiserror::Error)]
#[error("a WAL segment is missing")]
struct Hole {
    place: Place,
    missing: LegacyNoPlan,
}

/// The segments of one WAL as one stream of bytes.
struct WalStream<'a> {
    bucket: &'a Arc<Bucket>,
    generation: &'a (Place, String),
    segments: &'a [Segment],
    next: usize,
    current: Option<Lz4Stream<Ranged>>,
    at: u64,
}

impl<'a> WalStream<'a> {
    fn new(bucket: &'a Arc<Bucket>, generation: &'a (Place, String), segments: &'a [Segment]) -> Self {
        Self {
            bucket,
            generation,
            segments,
            next: 0,
            current: None,
            at: 0,
        }
    }

    /// The key of the segment being read.
    fn key(&self) -> String {
        let current = self.segments.get(self.next.saturating_sub(1));
        current
            .map(|segment| segment.object.key.clone())
            .unwrap_or_default()
    }
}

impl Read for WalStream<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(stream) = &mut self.current {
                let read = stream.read(into)?;
                if read > 0 || into.is_empty() {
                    self.at += read as u64;
                    return Ok(read);
                }
            }
            let Some(segment) = self.segments.get(self.next) else {
                return Ok(0);
            };
            if u64::from(segment.offset) != self.at {
                return Err(io::Error::other(Hole {
                    place: self.generation.0,
                    missing: LegacyNoPlan::MissingSegment {
                        generation: self.generation.1.clone(),
                        index: segment.index,
                        offset: u32::try_from(self.at).unwrap_or(u32::MAX),
                    },
                }));
            }
            self.next += 1;
            self.current = Some(Lz4Stream::new(Ranged::new(self.bucket, &segment.object)));
        }
    }
}

/// An object as a blocking reader, one stretch in memory at a time. Only for threads that may block.
struct Ranged {
    bucket: Arc<Bucket>,
    handle: Handle,
    key: String,
    offset: u64,
    length: u64,
    held: Bytes,
}

impl Ranged {
    fn new(bucket: &Arc<Bucket>, object: &Object) -> Self {
        Self {
            bucket: Arc::clone(bucket),
            handle: Handle::current(),
            key: object.key.clone(),
            offset: 0,
            length: object.bytes,
            held: Bytes::new(),
        }
    }
}

impl Read for Ranged {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() && self.offset < self.length {
            let bytes = (STEP as u64).min(self.length - self.offset);
            let read = self
                .handle
                .block_on(self.bucket.read(&self.key, self.offset, bytes));
            self.held = read.map_err(io::Error::other)?;
            self.offset += bytes;
        }
        let bytes = into.len().min(self.held.len());
        self.held.copy_to_slice(&mut into[..bytes]);
        Ok(bytes)
    }
}
