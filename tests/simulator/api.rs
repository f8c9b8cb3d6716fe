//! A REST client that knows nothing.

use modbot::simulator::Simulator;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;

/// Calls the REST API as the bot.
pub(super) struct Api {
    http: Client,
    base: String,
    pub(super) token: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Null where there is none.
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
}

impl Answer {
    /// The text of a header; empty where it is absent.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Api {
    pub(super) fn new(simulator: &Simulator) -> Self {
        Self {
            http: Client::new(),
            base: format!("{}/api/v10", simulator.urls().rest),
            token: simulator.token(),
        }
    }

    /// Calls; `None` where the connection was cut.
    pub(super) async fn try_call(&self, method: &str, path: &str, body: Value) -> Option<Answer> {
        self.try_call_because(method, path, body, "").await
    }

    pub(super) async fn try_call_because(
        &self,
        method: &str,
        path: &str,
        body: Value,
        reason: &str,
    ) -> Option<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = self
            .http
            .request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        request = request.header("authorization", format!("Bot {}", self.token));
        if !reason.is_empty() {
            request = request.header("x-audit-log-reason", reason);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.ok()?;
        let body = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap()
        };
        Some(Answer {
            status,
            body,
            headers,
        })
    }

    pub(super) async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.try_call(method, path, body)
            .await
            .unwrap_or_else(|| panic!("{method} {path}: cut"))
    }

    /// The body of a GET that must succeed.
    pub(super) async fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", path, Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }
}
