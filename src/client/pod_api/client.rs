//! The typed client of a pod.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frames::{FramesAnswer, FramesRequest};
use super::guild::GuildReport;
use super::moves::{
    FenceAnswer, ForgetRequest, Forgotten, FreezeRequest, Frozen, ImportRequest, Imported, MoveRefusal,
    PrepareRequest, Prepared, RefusalBody, RetireRequest, ServeRequest,
};
use super::outbox::{OutboxChanged, OutboxFilter, OutboxPage, OutboxRequest, OutboxVerb};
use super::{FencePage, PodHealth, Queues};
use crate::domain::ids::{GuildId, MoveId};
use crate::domain::outbox::ActionId;
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
    /// The guild's fence, or the store's word, does not allow a step of a move: nothing was changed.
    #[error("the pod refused")]
    MoveRefused(#[source] Box<MoveRefusal>),
    /// An answer that no pod gives.
    #[error("the answer is not that of a pod: {0}")]
    NotOurs(String),
}

impl PodApiError {
    /// Why a step of a move was refused, where that is what happened: no repeat of the call will do.
    pub fn refusal(&self) -> Option<&MoveRefusal> {
        match self {
            Self::MoveRefused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the pod takes no request as large as that.
    pub const fn is_too_large(&self) -> bool {
        matches!(self, Self::Refused { status: 413, .. })
    }

    /// Whether the same call may succeed a little later: no answer, or the pod said so.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::NoAnswer(_) => true,
            Self::Refused { status, .. } => *status >= 500,
            Self::MoveRefused(refusal) => {
                matches!(
                    **refusal,
                    MoveRefusal::Behind { .. } | MoveRefusal::NoBundle { refused: None, .. }
                )
            }
            Self::BadUrl(_) | Self::Client(_) | Self::NotOurs(_) => false,
        }
    }
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

    /// The same client with another time for a call: rows on their way take longer than a question.
    #[must_use]
    pub fn with_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
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

    /// Actions at Discord.
    pub async fn outbox(&self, pod: &str, filter: &OutboxFilter) -> Result<OutboxPage, PodApiError> {
        self.call(Method::GET, pod, &filter.path(), None::<&()>).await
    }

    /// Sends an action again, or gives it up.
    pub async fn change_action(
        &self,
        pod: &str,
        (guild, action): (GuildId, ActionId),
        verb: OutboxVerb,
        request: &OutboxRequest,
    ) -> Result<OutboxChanged, PodApiError> {
        let path = verb.path(guild, action);
        self.call(Method::POST, pod, &path, Some(request)).await
    }

    /// Hands frames to the owner of their guilds.
    pub async fn frames(&self, pod: &str, frames: &FramesRequest) -> Result<FramesAnswer, PodApiError> {
        self.call(Method::POST, pod, "/v1/frames", Some(frames)).await
    }

    /// What the pod has of a guild.
    pub async fn guild(&self, pod: &str, guild: GuildId) -> Result<GuildReport, PodApiError> {
        self.call(Method::GET, pod, &format!("/v1/guilds/{guild}"), None::<&()>)
            .await
    }

    /// At the target: rows will be brought in.
    pub async fn prepare(
        &self,
        pod: &str,
        guild: GuildId,
        request: &PrepareRequest,
    ) -> Result<Prepared, PodApiError> {
        self.step(pod, guild, "prepare", request).await
    }

    /// At the source: stop.
    pub async fn freeze(
        &self,
        pod: &str,
        guild: GuildId,
        request: &FreezeRequest,
    ) -> Result<Frozen, PodApiError> {
        self.step(pod, guild, "freeze", request).await
    }

    /// At the source: this very freeze is over.
    pub async fn thaw(
        &self,
        pod: &str,
        guild: GuildId,
        request: &FreezeRequest,
    ) -> Result<FenceAnswer, PodApiError> {
        self.step(pod, guild, "thaw", request).await
    }

    /// At the target: fetch the frozen guild, bring it in, compare. Takes as long as the rows do.
    pub async fn import(
        &self,
        pod: &str,
        guild: GuildId,
        request: &ImportRequest,
    ) -> Result<Imported, PodApiError> {
        self.step(pod, guild, "import", request).await
    }

    /// At the target, after the flip: serve.
    pub async fn serve(
        &self,
        pod: &str,
        guild: GuildId,
        request: &ServeRequest,
    ) -> Result<FenceAnswer, PodApiError> {
        self.step(pod, guild, "serve", request).await
    }

    /// At the source, after the flip: the guild is given away.
    pub async fn retire(
        &self,
        pod: &str,
        guild: GuildId,
        request: &RetireRequest,
    ) -> Result<FenceAnswer, PodApiError> {
        self.step(pod, guild, "retire", request).await
    }

    /// Rows go that are not the pod's: again, until none are left.
    pub async fn forget(
        &self,
        pod: &str,
        guild: GuildId,
        request: &ForgetRequest,
    ) -> Result<Forgotten, PodApiError> {
        self.step(pod, guild, "forget", request).await
    }

    /// The frozen guild as a file, to be read as it comes. The client's time is for the whole of it.
    pub async fn bundle(
        &self,
        pod: &str,
        guild: GuildId,
        move_id: MoveId,
        freeze_no: u64,
    ) -> Result<reqwest::Response, PodApiError> {
        let path = format!("/v1/guilds/{guild}/bundle?move_id={move_id}&freeze_no={freeze_no}");
        let response = self.send(Method::GET, pod, &path, None::<&()>).await?;
        if response.status().is_success() {
            Ok(response)
        } else {
            Err(refused(response).await)
        }
    }

    async fn step<T: DeserializeOwned>(
        &self,
        pod: &str,
        guild: GuildId,
        step: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, PodApiError> {
        self.call(
            Method::POST,
            pod,
            &format!("/v1/guilds/{guild}/{step}"),
            Some(body),
        )
        .await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        pod: &str,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T, PodApiError> {
        let response = self.send(method, pod, path, body).await?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        let bytes = response
            .bytes()
            .await
            .map_err(|error| PodApiError::NotOurs(error.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|error| PodApiError::NotOurs(error.to_string()))
    }

    async fn send(
        &self,
        method: Method,
        pod: &str,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<reqwest::Response, PodApiError> {
        let bad = || PodApiError::BadUrl(pod.to_owned());
        let url = Url::parse(pod)
            .and_then(|base| base.join(path))
            .map_err(|_| bad())?;
        let mut request = self.http.http().request(method, url).timeout(self.time);
        if let Some(body) = body {
            request = request.json(body);
        }
        let request = request.build().map_err(PodApiError::Client)?;
        self.http.send(request).await.map_err(PodApiError::NoAnswer)
    }
}

/// What an answer without success says.
async fn refused(response: reqwest::Response) -> PodApiError {
    let status = response.status();
    let bytes = match response.bytes().await {
        Ok(bytes) => bytes,
        Err(error) => return PodApiError::NotOurs(error.to_string()),
    };
    if let Ok(body) = serde_json::from_slice::<RefusalBody>(&bytes) {
        return PodApiError::MoveRefused(Box::new(body.refusal));
    }
    match serde_json::from_slice::<ProblemBody>(&bytes) {
        Ok(body) => PodApiError::Refused {
            status: status.as_u16(),
            body: Box::new(body),
        },
        Err(_) => PodApiError::NotOurs(format!("status {status} without a problem that we know")),
    }
}
