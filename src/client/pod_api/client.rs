//! The typed client of a pod.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frames::{FramesAnswer, FramesRequest};
use super::{FencePage, PodHealth, Queues};
use crate::domain::ids::GuildId;
use crate::runtime::clock::Clock;
use crate::runtime::problem::ProblemBody;
use crate::runtime::service_auth::{SignedClient, SignedClientError, SigningKey};

/// Why a call of a pod has no result.
#[derive(Debug, thiserror::Error)]
pub enum PodApiError {
    /// The pod's address is not one.
    #[error("{0:?} is no URL of a pod: write http://host:port")]
    BadUrl(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// No answer, or not within the call's time.
    #[error("the pod gave no answer")]
    NoAnswer(#[source] SignedClientError),
    /// The pod refused.
    #[error("the pod refused: {} ({status} {})", body.message, body.error)]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        body: Box<ProblemBody>,
    },
    /// An answer that no pod gives.
    #[error("the answer is not that of a pod: {0}")]
    NotOurs(String),
}

/// Calls pods, each at its own address. Cheap to clone.
#[derive(Clone)]
pub struct PodApi {
    http: SignedClient,
    time: Duration,
}

impl PodApi {
    /// A client that gives each call `time`. Nothing is sent yet.
    pub fn new(key: SigningKey, time: Duration, clock: Arc<dyn Clock>) -> Result<Self, PodApiError> {
        let client = reqwest::Client::builder()
            .connect_timeout(time)
            .pool_idle_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(PodApiError::Client)?;
        Ok(Self {
            http: SignedClient::new(client, key, clock),
            time,
        })
    }

    /// How the pod and its sessions are.
    pub async fn health(&self, pod: &str) -> Result<PodHealth, PodApiError> {
        self.call(Method::GET, pod, "/v1/health", None::<&()>).await
    }

    /// A page of its fences, by guild.
    pub async fn fences(
        &self,
        pod: &str,
        after: Option<GuildId>,
        limit: u32,
    ) -> Result<FencePage, PodApiError> {
        let after = after.map(|guild| format!("after={guild}&")).unwrap_or_default();
        let path = format!("/v1/fences?{after}limit={limit}");
        self.call(Method::GET, pod, &path, None::<&()>).await
    }

    /// What waits in its file.
    pub async fn queues(&self, pod: &str) -> Result<Queues, PodApiError> {
        self.call(Method::GET, pod, "/v1/queues", None::<&()>).await
    }

    /// Hands frames to the owner of their guilds.
    pub async fn frames(&self, pod: &str, frames: &FramesRequest) -> Result<FramesAnswer, PodApiError> {
        self.call(Method::POST, pod, "/v1/frames", Some(frames)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        pod: &str,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T, PodApiError> {
        let bad = || PodApiError::BadUrl(pod.to_owned());
        let url = Url::parse(pod)
            .and_then(|base| base.join(path))
            .map_err(|_| bad())?;
        let mut request = self.http.http().request(method, url).timeout(self.time);
        if let Some(body) = body {
            request = request.json(body);
        }
        let request = request.build().map_err(PodApiError::Client)?;
        let response = self.http.send(request).await.map_err(PodApiError::NoAnswer)?;
        let status = response.status();
        let bytes = response
            .bytes()
            .await
            .map_err(|error| PodApiError::NotOurs(error.to_string()))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| PodApiError::NotOurs(error.to_string()));
        }
        match serde_json::from_slice(&bytes) {
            Ok(body) => Err(PodApiError::Refused {
                status: status.as_u16(),
                body: Box::new(body),
            }),
            Err(_) => Err(PodApiError::NotOurs(format!(
                "status {status} without a problem that we know"
            ))),
        }
    }
}
