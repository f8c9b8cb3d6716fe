//! An HTTP client that signs.

use std::sync::Arc;

use reqwest::{Client, Request, Response};

use super::{KNOWN_HEADER, Signed, SigningKey, sign};
use crate::runtime::clock::Clock;
use crate::runtime::request_context;

/// Sends requests signed with one key, with the id of the request they belong to.
#[derive(Clone)]
pub struct SignedClient {
    client: Client,
    key: SigningKey,
    clock: Arc<dyn Clock>,
}

/// A request that could not be signed or got no answer.
#[derive(Debug, thiserror::Error)]
pub enum SignedClientError {
    /// A body that streams has no hash beforehand.
    #[error("a streamed body cannot be signed")]
    StreamedBody,
    /// No answer.
    #[error("no answer from {url}")]
    Send {
        /// Where it was sent, without a query.
        url: String,
        /// What the HTTP client says.
        #[source]
        source: reqwest::Error,
    },
}

impl SignedClient {
    /// A signer over `client`.
    pub fn new(client: Client, key: SigningKey, clock: Arc<dyn Clock>) -> Self {
        Self { client, key, clock }
    }

    /// The HTTP client beneath, to build requests with.
    pub fn http(&self) -> &Client {
        &self.client
    }

    /// Signs and sends. Each try of a retried request must come through here again: the time is signed.
    pub async fn send(&self, mut request: Request) -> Result<Response, SignedClientError> {
        let body = match request.body() {
            Some(body) => body.as_bytes().ok_or(SignedClientError::StreamedBody)?,
            None => &[],
        };
        let url = request.url();
        let path_and_query = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let signed = Signed {
            method: request.method().as_str(),
            path_and_query: &path_and_query,
            body,
            known: request
                .headers()
                .get(KNOWN_HEADER)
                .map_or("", |value| value.to_str().unwrap_or_default()),
        };
        let headers = sign(&self.key, &signed, self.clock.unix_ms());
        for (name, value) in [
            ("modbot-auth-role", headers.role),
            ("modbot-auth-time", headers.time),
            ("modbot-auth-signature", headers.signature),
        ] {
            // A word, digits and hexadecimal digits are valid header values.
            if let Ok(value) = value.parse() {
                request.headers_mut().insert(name, value);
            }
        }
        if let Some(context) = request_context::current() {
            context.pass_on(request.headers_mut());
        }
        let url = format!(
            "{}{}",
            request.url().origin().ascii_serialization(),
            request.url().path()
        );
        let sent = self.client.execute(request).await;
        sent.map_err(|source| SignedClientError::Send {
            url,
            source: source.without_url(),
        })
    }
}
