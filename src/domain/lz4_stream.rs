//! LZ4 frames that must be whole.

use std::io::{self, Read};

use lz4_flex::frame::FrameDecoder;

/// Where a frame's flags stand, and which of them says that a checksum of the content closes it.
const FLAGS_AT: usize = 4;
const CONTENT_CHECKSUM: u8 = 1 << 2;

/// Decompresses LZ4 frames out of a reader and refuses those that stop before their end mark.
///
/// The decoder underneath takes an end of input between two blocks for the end of the frame; here that is
/// an error of kind [`io::ErrorKind::UnexpectedEof`]. Holds two blocks at most, 8 MiB and the window.
pub struct Lz4Stream<R: Read> {
    decoder: FrameDecoder<Edges<R>>,
}

impl<R: Read> Lz4Stream<R> {
    /// Decompresses `compressed`.
    pub fn new(compressed: R) -> Self {
        Self {
            decoder: FrameDecoder::new(Edges {
                inner: compressed,
                read: 0,
                flags: 0,
                last: [0; 8],
            }),
        }
    }
}

impl<R: Read> Read for Lz4Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(into)?;
        if read == 0 && !into.is_empty() && !self.decoder.get_ref().is_closed() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the LZ4 frame stops before its end mark",
            ));
        }
        Ok(read)
    }
}

/// Remembers the flags and the last bytes that went through.
struct Edges<R> {
    inner: R,
    read: usize,
    flags: u8,
    last: [u8; 8],
}

impl<R> Edges<R> {
    /// Whether the last bytes are an end mark, and the checksum behind it if there is one.
    fn is_closed(&self) -> bool {
        let [e0, e1, e2, e3, ..] = self.last;
        let [.., s0, s1, s2, s3] = self.last;
        let mark = if self.flags & CONTENT_CHECKSUM == 0 {
            [s0, s1, s2, s3]
        } else {
            [e0, e1, e2, e3]
        };
        self.read > FLAGS_AT && mark == [0; 4]
    }
}

impl<R: Read> Read for Edges<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        let bytes = into.get(..read).unwrap_or_default();
        if let Some(flags) = FLAGS_AT.checked_sub(self.read).and_then(|at| bytes.get(at)) {
            self.flags = *flags;
        }
        for byte in bytes.iter().skip(bytes.len().saturating_sub(8)) {
            self.last.rotate_left(1);
            self.last[7] = *byte;
        }
        self.read += read;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};

    use super::*;

    fn frame(content: &[u8], checksum: bool) -> Vec<u8> {
        let info = FrameInfo::new()
            .block_size(BlockSize::Max64KB)
            .content_checksum(checksum);
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn only_a_closed_frame_ends_well() {
        let content: Vec<u8> = (0..200_000u32).map(|n| (n / 7).to_le_bytes()[0]).collect();
        for checksum in [true, false] {
            let whole = frame(&content, checksum);
            let mut read = Vec::new();
            Lz4Stream::new(whole.as_slice()).read_to_end(&mut read).unwrap();
            assert_eq!(read, content);
            for cut in 0..whole.len() {
                let result = Lz4Stream::new(&whole[..cut]).read_to_end(&mut Vec::new());
                assert!(result.is_err(), "{cut} of {}", whole.len());
            }
        }
    }
}
