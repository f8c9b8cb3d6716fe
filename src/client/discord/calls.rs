//! One call, and everything that its answer says.

use serde_json::Value;

use super::DiscordRest;
use crate::domain::outbox::Reply;
use crate::domain::rest_limits::{RouteKey, Told};

/// The methods that are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "HTTP's own names")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// How.
    pub method: Method,
    /// The route that limits are told for.
    pub key: RouteKey,
    /// Below the API's base.
    pub path: String,
    /// What is sent.
    pub body: Option<Value>,
    /// For the guild's audit log.
    pub reason: Option<String>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// Whether it was answered, and how.
    pub reply: Reply,
    /// What its headers say of limits.
    pub told: Told,
    /// The whole bot is over its limit.
    pub global: bool,
    /// A 429 that does not count as an invalid request.
    pub shared: bool,
    /// The answer.
    pub body: Value,
}

/// Characters of a reason that Discord takes.
const REASON: usize = 512;

impl DiscordRest {
    /// Makes a call. Never fails: no answer is an outcome too.
    pub async fn call(&self, call: &Call) -> Called {
        let method = match call.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.request(method, &call.path);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(reason) = &call.reason {
            request = request.header("x-audit-log-reason", encoded(reason));
        }
        match request.send().await {
            Ok(answer) => read(answer).await,
            Err(error) => {
                let (connect, why) = (error.is_connect(), why(error));
                let reply = if connect {
                    Reply::NotSent(why)
                } else {
                    Reply::NoAnswer(why)
                };
                Called::without_answer(reply)
            }
        }
    }
}

impl Called {
    fn without_answer(reply: Reply) -> Self {
        Self {
            reply,
            told: Told::default(),
            global: false,
            shared: false,
            body: Value::Null,
        }
    }
}

fn why(error: reqwest::Error) -> String {
    crate::runtime::error_chain::Chain(&error.without_url()).to_string()
}

async fn read(answer: reqwest::Response) -> Called {
    let status = answer.status().as_u16();
    let text = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let mut told = Told {
        bucket: text("x-ratelimit-bucket").map(str::to_owned),
        remaining: text("x-ratelimit-remaining").and_then(|text| text.parse().ok()),
        reset_after_ms: text("x-ratelimit-reset-after").and_then(|text| ms(text.parse().ok()?)),
        retry_after_ms: None,
    };
    let retry_after = text("retry-after").and_then(|text| ms(text.parse().ok()?));
    let global = text("x-ratelimit-global") == Some("true") || text("x-ratelimit-scope") == Some("global");
    let shared = text("x-ratelimit-scope") == Some("shared");
    // Discord's proxy answers without JSON.
    let body: Result<Value, reqwest::Error> = match answer.bytes().await {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or(Value::Null)),
        Err(error) => Err(error),
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => return Called::without_answer(Reply::NoAnswer(why(error))),
    };
    if status == 429 {
        let precise = body["retry_after"].as_f64().and_then(ms);
        told.retry_after_ms = Some(precise.or(retry_after).unwrap_or(1000));
    }
    Called {
        reply: Reply::Answer {
            status,
            code: body["code"]
                .as_u64()
                .and_then(|code| u32::try_from(code).ok())
                .unwrap_or(0),
            message: body["message"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(200)
                .collect(),
        },
        told,
        global,
        shared,
        body,
    }
}

/// Seconds as whole milliseconds, rounded up; none where that is no time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a time of less than a day"
)]
fn ms(seconds: f64) -> Option<u64> {
    (0.0..86_400.0)
        .contains(&seconds)
        .then(|| (seconds * 1000.0).ceil() as u64)
}

/// A reason as its header takes it: UTF-8, percent-encoded.
fn encoded(reason: &str) -> String {
    let cut: String = reason.chars().take(REASON).collect();
    cut.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~ ()".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push_str(&hex::encode_upper([byte]));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_encoded_and_times_rounded_up() {
        assert_eq!(encoded("spam: ü 100%"), "spam%3A %C3%BC 100%25");
        assert_eq!(encoded(&"ä".repeat(600)).len(), 512 * 6);
        assert_eq!(ms(0.0301), Some(31));
        assert_eq!(ms(-1.0), None);
        assert_eq!(ms(f64::NAN), None);
    }
}
