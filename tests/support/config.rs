//! `modbot-config` as a process, and its callers.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use modbot::client::config_api::{
    AttachAnswer, AttachRequest, ConfigApi, ConfigApiSettings, HeartbeatRequest,
};
use modbot::domain::ids::{GuildId, Incarnation, PodId, Revision};
use modbot::runtime::clock::{Clock, SystemClock};
use modbot::runtime::service_auth::{KNOWN_HEADER, Role, Signed, SigningKey, sign};
use reqwest::{Method, Response};

use super::daemon::{Daemon, http};
use super::process::modbot_config;

/// The key of a role, as the replicas of these tests have it.
pub(crate) fn key(role: Role) -> String {
    format!("{role}-key-of-the-tests-0123456789abcdef")
}

/// `modbot-config` over the store at `url`, quick to notice things.
pub(crate) fn command(url: &str) -> Command {
    let mut command = modbot_config();
    command
        .env("MODBOT_STORE_URL", url)
        .env("MODBOT_LEASE_TTL", "1h")
        .env("MODBOT_STORE_CHECK_INTERVAL", "200ms")
        .env("MODBOT_STORE_ACQUIRE_TIMEOUT", "1s")
        .env("MODBOT_DEAL_INTERVAL", "200ms")
        .env("MODBOT_WATCH_KEEPALIVE", "200ms")
        .env("MODBOT_WATCH_POLL", "200ms")
        .env("MODBOT_SHUTDOWN_DELAY", "0s")
        // What holds up the end shows as a test that waits in vain.
        .env("MODBOT_SHUTDOWN_DEADLINE", "10m")
        .env("MODBOT_AUTH_POD_KEY", key(Role::Pod))
        .env("MODBOT_AUTH_HTTP_KEY", key(Role::Http))
        .env("MODBOT_AUTH_OPERATOR_KEY", key(Role::Operator));
    command
}

/// A ready replica over the store at `url`.
pub(crate) fn replica(url: &str) -> Daemon {
    Daemon::start(&mut command(url)).ready()
}

/// A caller of `daemon` in a role.
pub(crate) fn caller(daemon: &Daemon, role: Role) -> ConfigApi {
    let mut settings = ConfigApiSettings::new(&daemon.api, SigningKey::new(role, &key(role)));
    settings.call_time = Duration::from_secs(30);
    ConfigApi::new(&settings, Arc::new(SystemClock)).unwrap()
}

pub(crate) fn pod(ordinal: u32) -> PodId {
    PodId::new(ordinal).unwrap()
}

/// Guilds with ids like Discord's: creation times over some years, the rest from a small generator.
pub(crate) fn guilds(count: u64, seed: u64) -> Vec<GuildId> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    (0..count)
        .map(|_| GuildId::new((next() >> 4) | (1 << 58)).unwrap())
        .collect()
}

/// What a pod says when it starts.
pub(crate) fn attach_request(pod: PodId) -> AttachRequest {
    AttachRequest {
        api_url: format!("http://{pod}.gateway:8082"),
        capacity: 100,
        zone: String::new(),
        version: "0.1.0".to_owned(),
        boot_id: format!("boot of {pod}"),
        volume_lineage: None,
    }
}

/// A pod starts.
pub(crate) async fn attach(api: &ConfigApi, pod: PodId) -> AttachAnswer {
    api.attach(pod, &attach_request(pod)).await.unwrap().value
}

/// What a running pod says.
pub(crate) fn heartbeat(incarnation: Incarnation, known_revision: Revision) -> HeartbeatRequest {
    HeartbeatRequest {
        incarnation,
        bytes: 0,
        events_per_s: 0.0,
        rest_share: 0,
        known_revision,
        guild_loads: Vec::new(),
        sessions: Vec::new(),
    }
}

/// A request by hand, for what the typed client would not send.
pub(crate) struct Raw {
    method: Method,
    path: String,
    body: Vec<u8>,
    role: Role,
    skew_ms: i64,
    key: Option<String>,
    headers: Vec<(&'static str, String)>,
}

impl Raw {
    pub(crate) fn new(method: Method, path: &str, role: Role) -> Self {
        Self {
            method,
            path: path.to_owned(),
            body: Vec::new(),
            role,
            skew_ms: 0,
            key: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path, Role::Http)
    }

    /// A POST by a pod.
    pub(crate) fn post(path: &str, body: &serde_json::Value) -> Self {
        Self::new(Method::POST, path, Role::Pod).json(body)
    }

    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        self.body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Signs with another key than the role's.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Signs for another time than now.
    pub(crate) fn skew_ms(mut self, skew_ms: i64) -> Self {
        self.skew_ms = skew_ms;
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) async fn send(&self, daemon: &Daemon) -> Response {
        let signing = SigningKey::new(self.role, self.key.as_deref().unwrap_or(&key(self.role)));
        let signed = Signed {
            method: self.method.as_str(),
            path_and_query: &self.path,
            body: &self.body,
            known: self
                .headers
                .iter()
                .find(|(name, _)| *name == KNOWN_HEADER)
                .map_or("", |(_, value)| value),
        };
        let auth = sign(&signing, &signed, SystemClock.unix_ms() + self.skew_ms);
        let mut request = http()
            .request(self.method.clone(), format!("{}{}", daemon.api, self.path))
            .header("modbot-auth-role", auth.role)
            .header("modbot-auth-time", auth.time)
            .header("modbot-auth-signature", auth.signature)
            .header("content-type", "application/json")
            .body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.send().await.unwrap()
    }
}
