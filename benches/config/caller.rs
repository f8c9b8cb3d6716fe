//! A caller that costs little: one connection, one signed request at a time.

use modbot::runtime::clock::{Clock as _, SystemClock};
use modbot::runtime::service_auth::{Signed, SigningKey, sign};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// One connection.
pub(crate) struct Caller {
    stream: TcpStream,
    key: SigningKey,
    buffer: Vec<u8>,
}

impl Caller {
    /// Connects to `address`.
    pub(crate) async fn connect(address: &str, key: SigningKey) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            key,
            buffer: Vec::with_capacity(4096),
        }
    }

    /// Sends a request and reads its answer; fails unless that is 200.
    pub(crate) async fn call(&mut self, method: &str, path: &str, body: &str) {
        let signed = Signed {
            method,
            path_and_query: path,
            body: body.as_bytes(),
            known: "",
        };
        let auth = sign(&self.key, &signed, SystemClock.unix_ms());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             modbot-auth-role: {}\r\nmodbot-auth-time: {}\r\nmodbot-auth-signature: {}\r\n\r\n{body}",
            body.len(),
            auth.role,
            auth.time,
            auth.signature
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        self.read_answer().await;
    }

    async fn read_answer(&mut self) {
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.unwrap();
            assert!(read > 0, "the replica closed the connection");
            let Some(head) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else {
                continue;
            };
            let text = std::str::from_utf8(&self.buffer[..head]).unwrap();
            assert!(
                text.starts_with("HTTP/1.1 200"),
                "{}",
                String::from_utf8_lossy(&self.buffer)
            );
            let (_, after) = text.split_once("content-length: ").expect("a length");
            let length: usize = after.lines().next().unwrap().parse().unwrap();
            if self.buffer.len() >= head + 4 + length {
                return;
            }
        }
    }
}
