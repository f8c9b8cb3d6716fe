//! What every request passes: shut-out, faults, authorisation, the global limit, its bucket; then its handler.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::error::ApiError;
use super::limits::{Limit, Standing};
use super::routes::{Access, Route};
use crate::simulator::faults::RestAnswer;
use crate::simulator::ledger::RequestRecord;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// A request as it came in.
pub(super) struct Incoming {
    pub(super) route: &'static Route,
    pub(super) path: String,
    pub(super) params: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// An answer on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) status: StatusCode,
    /// `None`: no body.
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
    /// Cut the connection instead of answering.
    pub(super) cut: bool,
    pub(super) delay: Option<Duration>,
}

impl Outgoing {
    fn new(status: StatusCode, body: Option<Value>) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
            cut: false,
            delay: None,
        }
    }

    fn cut() -> Self {
        Self {
            cut: true,
            ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, None)
        }
    }

    /// The answer of a handler.
    pub(super) fn from_reply(reply: Result<Reply, ApiError>) -> Self {
        match reply {
            Ok(Reply::Json(body)) => Self::new(StatusCode::OK, Some(body)),
            Ok(Reply::With(status, body)) => Self::new(status, Some(body)),
            Ok(Reply::Nothing) => Self::new(StatusCode::NO_CONTENT, None),
            Err(error) => Self::new(error.status, Some(error.body())),
        }
    }

    /// 429 as the API gives it.
    fn limited(retry_after: f64, scope: &str) -> Self {
        let global = scope == "global";
        let body =
            json!({ "global": global, "message": "You are being rate limited.", "retry_after": retry_after });
        let mut answer = Self::new(StatusCode::TOO_MANY_REQUESTS, Some(body));
        // The header is in whole seconds, rounded up.
        answer
            .headers
            .push(("retry-after", format!("{:.0}", retry_after.ceil())));
        answer.headers.push(("x-ratelimit-scope", scope.to_owned()));
        if global {
            answer.headers.push(("x-ratelimit-global", "true".to_owned()));
        }
        answer
    }

    /// The status that a fault orders.
    fn ordered(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({ "code": 0, "message": format!("{} (ordered by a test)", status.as_u16()) });
        Self::new(status, Some(body))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a limit's window is minutes at most")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

impl State {
    /// Answers a request and writes it into the ledger.
    pub(super) fn answer(&mut self, incoming: Incoming) -> Outgoing {
        let now = self.now_ms();
        let bucket = bucket(incoming.route, &incoming.params);
        let no = self.ledger.requests.len();
        self.ledger.requests.push(RequestRecord {
            no,
            at_ms: now,
            method: incoming.route.method.to_owned(),
            route: incoming.route.path,
            path: incoming.path.clone(),
            client: text(&incoming.headers, "user-agent"),
            status: None,
            code: None,
            counts_globally: incoming.route.access == Access::Bot,
            bucket: bucket.clone(),
        });
        let answer = self.pass(incoming, no, &bucket, now);
        let shared = answer
            .headers
            .iter()
            .any(|(name, value)| *name == "x-ratelimit-scope" && value == "shared");
        if !answer.cut {
            let record = &mut self.ledger.requests[no];
            record.status = Some(answer.status.as_u16());
            let code = answer.body.as_ref().filter(|_| !answer.status.is_success());
            record.code = code.and_then(|body| u32::try_from(body["code"].as_u64()?).ok());
            if [401, 403, 429].contains(&answer.status.as_u16()) && !shared {
                self.limits.invalid(now);
            }
        }
        answer
    }

    fn pass(&mut self, incoming: Incoming, no: usize, bucket: &str, now: u64) -> Outgoing {
        let settings = std::sync::Arc::clone(&self.settings);
        if let Some(ms) = self.limits.shut_out_ms(&settings.rest, now) {
            // This one comes from the proxy before the API: no JSON, no rate-limit headers.
            let mut answer = Outgoing::new(StatusCode::TOO_MANY_REQUESTS, None);
            answer
                .headers
                .push(("retry-after", ms.div_ceil(1000).to_string()));
            return answer;
        }
        let route = incoming.route;
        let fault = self
            .faults
            .rest
            .meet(route.method, route.path, self.guild_of_path(&incoming.params));
        match &fault {
            Some(RestAnswer::Status(status)) => return Outgoing::ordered(*status),
            Some(RestAnswer::RateLimited { retry_after, scope }) => {
                return Outgoing::limited(*retry_after, scope);
            }
            Some(RestAnswer::Cut) => return Outgoing::cut(),
            _ => {}
        }
        let mut answer = self.limited(&incoming, bucket, now).unwrap_or_else(|standing| {
            let mut answer = self.handle(incoming, no);
            add_limit_headers(&mut answer, route, standing, now);
            answer
        });
        match fault {
            Some(RestAnswer::CutAfter) => answer = Outgoing::cut(),
            Some(RestAnswer::StatusAfter(status)) => answer = Outgoing::ordered(status),
            Some(RestAnswer::Delay(ms)) => answer.delay = Some(Duration::from_millis(ms)),
            _ => {}
        }
        answer
    }

    /// `Ok`: the answer of a request that may not pass. `Err`: the standing of one that may.
    fn limited(&mut self, incoming: &Incoming, bucket: &str, now: u64) -> Result<Outgoing, Standing> {
        let settings = std::sync::Arc::clone(&self.settings);
        if incoming.route.access == Access::Bot {
            let token = text(&incoming.headers, "authorization").unwrap_or_default();
            if !token.starts_with("Bot ") || !self.token_is_good(&token) {
                return Ok(Outgoing::from_reply(Err(ApiError::UNAUTHORIZED)));
            }
            let global = self.limits.take_global(&settings.rest, now);
            if !global.allowed {
                return Ok(Outgoing::limited(
                    seconds(global.resets_at_ms.saturating_sub(now)),
                    "global",
                ));
            }
        }
        let Limit { requests, window_ms } = incoming.route.limit;
        let requests = requests.saturating_mul(settings.rest.route_limit_factor);
        let standing = self.limits.take(bucket, Limit { requests, window_ms }, now);
        if standing.allowed {
            return Err(standing);
        }
        let mut answer = Outgoing::limited(seconds(standing.resets_at_ms.saturating_sub(now)), "user");
        add_limit_headers(&mut answer, incoming.route, standing, now);
        Ok(answer)
    }

    fn handle(&mut self, incoming: Incoming, request: usize) -> Outgoing {
        let body = match incoming.body.as_slice() {
            [] => Ok(Value::Null),
            bytes => serde_json::from_slice(bytes).map_err(|_| ApiError::JSON),
        };
        let reply = body.and_then(|body| {
            let mut call = Call {
                state: self,
                request,
                params: incoming.params,
                query: incoming.query,
                body,
                reason: text(&incoming.headers, "x-audit-log-reason").map(|reason| percent_decoded(&reason)),
            };
            (incoming.route.handler)(&mut call)
        });
        Outgoing::from_reply(reply)
    }

    fn guild_of_path(&self, params: &HashMap<String, String>) -> Option<Snowflake> {
        let id = |name: &str| params.get(name)?.parse::<Snowflake>().ok();
        id("guild_id").or_else(|| self.world.home.get(&id("channel_id")?).copied())
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// The bucket's hash, then the top-level resource that it is counted for.
fn bucket(route: &Route, params: &HashMap<String, String>) -> String {
    let major = ["guild_id", "channel_id", "webhook_token", "interaction_token"];
    let major = major
        .iter()
        .find_map(|name| params.get(*name))
        .map_or("", String::as_str);
    format!("{}:{major}", hash(route))
}

fn hash(route: &Route) -> String {
    // FNV-1a: any hash does, as long as it stays the same.
    let bytes = route.method.bytes().chain(route.path.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn add_limit_headers(answer: &mut Outgoing, route: &Route, standing: Standing, now: u64) {
    answer.headers.extend([
        ("x-ratelimit-bucket", hash(route)),
        ("x-ratelimit-limit", standing.limit.to_string()),
        ("x-ratelimit-remaining", standing.remaining.to_string()),
        (
            "x-ratelimit-reset",
            format!("{:.3}", seconds(standing.resets_at_ms)),
        ),
        (
            "x-ratelimit-reset-after",
            format!("{:.3}", seconds(standing.resets_at_ms.saturating_sub(now))),
        ),
    ]);
}

/// `%41` is `A`; what is no such escape stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        let decoded = escape.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(bytes[at]));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_decoded() {
        assert_eq!(percent_decoded("spam%20%C3%BC 100%"), "spam ü 100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
    }
}
