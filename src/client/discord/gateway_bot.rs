//! `GET /gateway/bot`: how many IDENTIFYs are left.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use crate::runtime::settings::Secret;

/// Discord's REST API with the bot's token.
#[derive(Debug, Clone)]
pub struct DiscordRest {
    http: reqwest::Client,
    base: String,
    token: Secret,
}

/// How many sessions may still be begun. Source: Discord, "Session Start Limit Structure".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct SessionLimit {
    /// IDENTIFYs in 24 hours.
    pub total: u32,
    /// Those left.
    pub remaining: u32,
    /// Milliseconds until `remaining` is `total` again.
    #[serde(rename = "reset_after")]
    pub reset_after_ms: u64,
    /// IDENTIFYs that may run side by side.
    pub max_concurrency: NonZeroU32,
}

#[derive(Deserialize)]
struct GatewayBot {
    session_start_limit: SessionLimit,
}

/// Why Discord's answer is not there.
#[derive(Debug, thiserror::Error)]
pub enum DiscordError {
    /// No answer came, or no whole one.
    #[error("GET {path} got no answer")]
    Unreachable {
        /// The route.
        path: &'static str,
        /// What the HTTP client said.
        #[source]
        source: reqwest::Error,
    },
    /// The token is not one.
    #[error("GET {path} was answered 401: the bot's token (MODBOT_DISCORD_TOKEN) is not valid")]
    BadToken {
        /// The route.
        path: &'static str,
    },
    /// Some other refusal.
    #[error("GET {path} was answered {status}")]
    Refused {
        /// The route.
        path: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is not what the documents promise.
    #[error("the answer to GET {path} cannot be read")]
    Misfit {
        /// The route.
        path: &'static str,
        /// What the JSON reader said.
        #[source]
        source: serde_json::Error,
    },
}

impl DiscordRest {
    /// A client of the API at `base`, such as `https://discord.com/api/v10`; every call ends after `timeout`.
    pub fn new(base: &str, token: Secret, timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(timeout).build()?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// A request with the bot's token; `path` is below the API's base.
    pub(super) fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.token.expose();
        let authorization = format!("Bot {}", token.strip_prefix("Bot ").unwrap_or(token));
        self.http
            .request(method, format!("{}{path}", self.base))
            .header(reqwest::header::AUTHORIZATION, authorization)
    }

    /// How many sessions may still be begun.
    pub async fn session_limit(&self) -> Result<SessionLimit, DiscordError> {
        let path = "/gateway/bot";
        let unreachable = |source: reqwest::Error| DiscordError::Unreachable {
            path,
            source: source.without_url(),
        };
        let answer = self
            .request(reqwest::Method::GET, path)
            .send()
            .await
            .map_err(unreachable)?;
        match answer.status().as_u16() {
            200 => {}
            401 => return Err(DiscordError::BadToken { path }),
            status => return Err(DiscordError::Refused { path, status }),
        }
        let body = answer.bytes().await.map_err(unreachable)?;
        serde_json::from_slice::<GatewayBot>(&body)
            .map(|found| found.session_start_limit)
            .map_err(|source| DiscordError::Misfit { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(status: u16, body: &'static str) -> Result<SessionLimit, DiscordError> {
        let answer = move |headers: axum::http::HeaderMap| async move {
            assert_eq!(headers["authorization"], "Bot a.b.c");
            (axum::http::StatusCode::from_u16(status).unwrap(), body)
        };
        let app = axum::Router::new().route("/api/v10/gateway/bot", axum::routing::get(answer));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/api/v10/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let rest = DiscordRest::new(&base, Secret::new("a.b.c"), Duration::from_secs(10)).unwrap();
        rest.session_limit().await
    }

    #[tokio::test]
    async fn the_limit_is_read_and_refusals_say_what_to_do() {
        let limit = r#"{"url":"wss://x","shards":1,"session_start_limit":{"total":1000,"remaining":998,"reset_after":5,"max_concurrency":16}}"#;
        let limit = asked(200, limit).await.unwrap();
        assert_eq!(
            (limit.remaining, limit.reset_after_ms, limit.max_concurrency.get()),
            (998, 5, 16)
        );
        let token = asked(401, "").await.unwrap_err();
        assert!(token.to_string().contains("MODBOT_DISCORD_TOKEN"), "{token}");
        assert!(matches!(
            asked(502, "").await,
            Err(DiscordError::Refused { status: 502, .. })
        ));
        assert!(matches!(asked(200, "{}").await, Err(DiscordError::Misfit { .. })));
    }
}
