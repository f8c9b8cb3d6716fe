//! REST requests.

use serde::Serialize;

/// A REST request with its answer.
#[derive(Debug, Clone, Serialize)]
pub struct RequestRecord {
    /// From 0.
    pub no: usize,
    /// Unix milliseconds of its arrival.
    pub at_ms: u64,
    /// `GET`, `POST`, …
    pub method: String,
    /// The route as Discord's OpenAPI document names it; empty where none matches.
    pub route: &'static str,
    /// The path asked for.
    pub path: String,
    /// The `User-Agent`.
    pub client: Option<String>,
    /// The answer's status; `None` where the connection was cut instead.
    pub status: Option<u16>,
    /// Discord's error code in the answer's body.
    pub code: Option<u32>,
    /// Whether it counted against the global limit.
    pub counts_globally: bool,
    /// The bucket and its top-level resource.
    pub bucket: String,
}
