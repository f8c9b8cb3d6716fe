//! What a request carries through the process and on to the next: its id and its trace.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The header of the request id, in requests and answers.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The W3C trace header: passed on untouched.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Longer ids than this are replaced: they end up in every log line.
const MAX_ID: usize = 128;

tokio::task_local! {
    static CURRENT: RequestContext;
}

/// One request's id and trace.
#[derive(Debug, Clone)]
pub struct RequestContext {
    request_id: HeaderValue,
    traceparent: Option<HeaderValue>,
}

impl RequestContext {
    /// The caller's id where it sent a usable one (`[A-Za-z0-9._-]`, at most 128), else a new one.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let usable = |value: &&HeaderValue| {
            let bytes = value.as_bytes();
            let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            !bytes.is_empty() && bytes.len() <= MAX_ID && bytes.iter().all(plain)
        };
        let made = || {
            let mut buffer = uuid::Uuid::encode_buffer();
            let id = uuid::Uuid::new_v4().simple().encode_lower(&mut buffer);
            // Hexadecimal digits are a valid header.
            HeaderValue::from_str(id).unwrap_or(HeaderValue::from_static("none"))
        };
        Self {
            request_id: headers
                .get(REQUEST_ID)
                .filter(usable)
                .cloned()
                .unwrap_or_else(made),
            traceparent: headers.get(TRACEPARENT).cloned(),
        }
    }

    /// The id.
    pub fn request_id(&self) -> &str {
        self.request_id.to_str().unwrap_or_default()
    }

    /// The id as a header.
    pub fn request_id_header(&self) -> HeaderValue {
        self.request_id.clone()
    }

    /// Runs `future` as part of this request: [`current`] answers inside it.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// Adds the id and the trace to an outgoing request's headers.
    pub fn pass_on(&self, headers: &mut HeaderMap) {
        headers.insert(REQUEST_ID, self.request_id.clone());
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT, traceparent.clone());
        }
    }
}

/// The request this task is working on, if it is working on one.
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(Clone::clone).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_id_is_accepted_or_made_and_passed_on() {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_static("abc-1"));
        headers.insert(TRACEPARENT, HeaderValue::from_static("00-1-2-01"));
        let context = RequestContext::from_headers(&headers);
        assert_eq!(context.request_id(), "abc-1");
        let mut out = HeaderMap::new();
        context
            .scope(async { current().unwrap().pass_on(&mut out) })
            .await;
        assert_eq!(out, headers);

        headers.insert(REQUEST_ID, HeaderValue::from_static("line\tbreak"));
        assert_eq!(RequestContext::from_headers(&headers).request_id().len(), 32);
        assert!(current().is_none());
    }
}
