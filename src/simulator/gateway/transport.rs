//! What goes over the socket: JSON text, or one zstd stream for the whole connection, flushed at each payload.

use tokio_websockets::Message;
use zstd_safe::zstd_sys::ZSTD_EndDirective::ZSTD_e_flush;
use zstd_safe::{CCtx, CParameter, InBuffer, OutBuffer};

/// Makes socket messages of payloads.
pub(super) enum Transport {
    /// Text messages.
    Plain,
    /// Binary messages that together are one zstd stream.
    Zstd(CCtx<'static>),
}

impl Transport {
    /// Plain text, or `zstd-stream`.
    pub(super) fn new(compressed: bool) -> Self {
        if !compressed {
            return Self::Plain;
        }
        let mut context = CCtx::create();
        // Speed over size: it is loopback. A refused parameter leaves the default.
        let _ = context.set_parameter(CParameter::CompressionLevel(1));
        Self::Zstd(context)
    }

    /// The message that carries `payload`.
    pub(super) fn message(&mut self, payload: String) -> Result<Message, String> {
        match self {
            Self::Plain => Ok(Message::text(payload)),
            Self::Zstd(context) => flushed(context, payload.as_bytes()).map(Message::binary),
        }
    }
}

fn flushed(context: &mut CCtx<'static>, payload: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = vec![0; zstd_safe::compress_bound(payload.len()) + 64];
    let mut written = 0;
    let mut input = InBuffer::around(payload);
    loop {
        let mut output = OutBuffer::around_pos(out.as_mut_slice(), written);
        let left = context
            .compress_stream2(&mut output, &mut input, ZSTD_e_flush)
            .map_err(|code| zstd_safe::get_error_name(code).to_owned())?;
        written = output.pos();
        if left == 0 && input.pos() == payload.len() {
            out.truncate(written);
            return Ok(out);
        }
        out.resize(out.len() * 2, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_payload_can_be_read_before_the_next_is_written() {
        let mut transport = Transport::new(true);
        let mut reader = zstd_safe::DCtx::create();
        for payload in ["{\"op\":10}".to_owned(), "x".repeat(100_000), String::new()] {
            let message = transport.message(payload.clone()).unwrap();
            assert!(message.is_binary());
            let mut text = vec![0; payload.len() + 1];
            let mut output = OutBuffer::around(text.as_mut_slice());
            let mut input = InBuffer::around(&message.as_payload()[..]);
            while input.pos() < message.as_payload().len() {
                reader.decompress_stream(&mut output, &mut input).unwrap();
            }
            assert_eq!(output.as_slice(), payload.as_bytes());
        }
    }
}
