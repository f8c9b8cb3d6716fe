//! The typed client of the config daemon.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Method, Response, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cross_guild::{CrossGuildEvents, FlagAnswer, FlagRequest};
use super::discord_shards::{AdoptRequest, DiscordShardInfo, DiscordShardList, ReleaseRequest};
use super::error::ConfigApiError;
use super::guilds::{BornRequest, GuildInfo, GuildPage, PlaceAnswer, PlaceRequest};
use super::identify::{BudgetRequest, TicketAnswer, TicketRequest};
use super::pods::{
    AssignmentAnswer, AttachAnswer, AttachRequest, DetachRequest, FencesRequest, HeartbeatAnswer,
    HeartbeatRequest, PodInfo, PodList,
};
use super::retry;
use super::stamp::{Answer, HEADER_KNOWN, read_stamp};
use super::watch_stream::Watch;
use crate::domain::ids::{DiscordShardId, GuildId, Incarnation, PodId, Revision};
use crate::domain::store_stamp::{History, StorePosition, StoreStamp};
use crate::runtime::clock::Clock;
use crate::runtime::problem::ProblemBody;
use crate::runtime::service_auth::{SignedClient, SigningKey};

/// How to reach the config daemon.
#[derive(Debug, Clone)]
pub struct ConfigApiSettings {
    /// `http://host:port`, without a path.
    pub url: String,
    /// What to sign with.
    pub key: SigningKey,
    /// Time for one try.
    pub try_time: Duration,
    /// Time for a call that may be repeated, all tries together.
    pub call_time: Duration,
}

impl ConfigApiSettings {
    /// Settings for `url` with the usual times: 5 s a try, 15 s a call.
    pub fn new(url: &str, key: SigningKey) -> Self {
        Self {
            url: url.to_owned(),
            key,
            try_time: Duration::from_secs(5),
            call_time: Duration::from_secs(15),
        }
    }
}

/// The config daemon, as its callers see it. Cheap to clone: clones share connections and the highest store
/// position seen, which goes with every request.
#[derive(Clone)]
pub struct ConfigApi {
    http: SignedClient,
    base: Url,
    try_time: Duration,
    call_time: Duration,
    known: Arc<Mutex<Option<StorePosition>>>,
}

/// Whether a call may be sent again after a failure that leaves its outcome open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    /// It changes nothing more the second time.
    Allowed,
    /// Each sending counts.
    Never,
}

/// What a call without a result answers: `{}`.
#[derive(serde::Deserialize)]
struct Nothing {}

impl ConfigApi {
    /// A client. Nothing is sent yet.
    pub fn new(settings: &ConfigApiSettings, clock: Arc<dyn Clock>) -> Result<Self, ConfigApiError> {
        let bad = || ConfigApiError::BadUrl(settings.url.clone());
        let base = Url::parse(&settings.url).map_err(|_| bad())?;
        if !matches!(base.scheme(), "http" | "https") || base.path() != "/" || base.query().is_some() {
            return Err(bad());
        }
        let client = reqwest::Client::builder()
            .connect_timeout(settings.try_time)
            // Below the server's time for idle connections: else it closes one just as we use it.
            .pool_idle_timeout(Duration::from_secs(10))
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(ConfigApiError::Client)?;
        Ok(Self {
            http: SignedClient::new(client, settings.key.clone(), clock),
            base,
            try_time: settings.try_time,
            call_time: settings.call_time,
            known: Arc::default(),
        })
    }

    /// The same client with another time for a call, all tries together; zero: one try.
    #[must_use]
    pub fn with_call_time(mut self, call_time: Duration) -> Self {
        self.call_time = call_time;
        self
    }

    /// The highest store position that any answer carried.
    pub fn known(&self) -> Option<StorePosition> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes in a position known from elsewhere: what a pod's file remembers over a restart.
    pub fn remember(&self, position: &StorePosition) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known
            .as_ref()
            .is_none_or(|k| k.history(position) == History::Continues)
        {
            *known = Some(position.clone());
        }
    }

    /// A pod starts.
    pub async fn attach(
        &self,
        pod: PodId,
        ask: &AttachRequest,
    ) -> Result<Answer<AttachAnswer>, ConfigApiError> {
        // A second attach mints a second incarnation, and the first one's answer is lost: no harm.
        self.post(&format!("/v1/pods/{}/attach", pod.get()), ask, Repeat::Allowed)
            .await
    }

    /// A running pod renews its lease.
    pub async fn heartbeat(
        &self,
        pod: PodId,
        beat: &HeartbeatRequest,
    ) -> Result<Answer<HeartbeatAnswer>, ConfigApiError> {
        self.post(
            &format!("/v1/pods/{}/heartbeat", pod.get()),
            beat,
            Repeat::Allowed,
        )
        .await
    }

    /// A pod stops cleanly.
    pub async fn detach(&self, pod: PodId, incarnation: Incarnation) -> Result<Answer<()>, ConfigApiError> {
        let body = DetachRequest { incarnation };
        self.post_for_nothing(&format!("/v1/pods/{}/detach", pod.get()), &body)
            .await
    }

    /// A pod reports its fences, while the store recovers.
    pub async fn report_fences(
        &self,
        pod: PodId,
        report: &FencesRequest,
    ) -> Result<Answer<()>, ConfigApiError> {
        self.post_for_nothing(&format!("/v1/pods/{}/fences", pod.get()), report)
            .await
    }

    /// A running pod's work, read anew.
    pub async fn assignment(
        &self,
        pod: PodId,
        incarnation: Incarnation,
    ) -> Result<Answer<AssignmentAnswer>, ConfigApiError> {
        self.get(&format!(
            "/v1/pods/{}/assignment?incarnation={incarnation}",
            pod.get()
        ))
        .await
    }

    /// Every pod.
    pub async fn pods(&self) -> Result<Answer<PodList>, ConfigApiError> {
        self.get("/v1/pods").await
    }

    /// One pod.
    pub async fn pod(&self, pod: PodId) -> Result<Answer<PodInfo>, ConfigApiError> {
        self.get(&format!("/v1/pods/{}", pod.get())).await
    }

    /// Who owns a guild; none: it was never seen.
    pub async fn guild(&self, guild: GuildId) -> Result<Option<Answer<GuildInfo>>, ConfigApiError> {
        match self.get(&format!("/v1/guilds/{guild}")).await {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.code() == Some("no_such_guild") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Guilds by id, one page.
    pub async fn guilds(
        &self,
        after: Option<GuildId>,
        limit: u32,
    ) -> Result<Answer<GuildPage>, ConfigApiError> {
        let after = after.map(|guild| format!("after={guild}&")).unwrap_or_default();
        self.get(&format!("/v1/guilds?{after}limit={limit}")).await
    }

    /// Owners of guilds; those that have none get one.
    pub async fn place(&self, guilds: &[GuildId]) -> Result<Answer<PlaceAnswer>, ConfigApiError> {
        let body = PlaceRequest {
            guilds: guilds.to_vec(),
        };
        self.post("/v1/guilds/place", &body, Repeat::Allowed).await
    }

    /// Guilds are served for the first time.
    pub async fn born(&self, request: &BornRequest) -> Result<Answer<()>, ConfigApiError> {
        self.post_for_nothing("/v1/guilds/born", request).await
    }

    /// Every Discord shard.
    pub async fn discord_shards(&self) -> Result<Answer<DiscordShardList>, ConfigApiError> {
        self.get("/v1/discord-shards").await
    }

    /// A host lets a session go.
    pub async fn release(
        &self,
        shard: DiscordShardId,
        request: &ReleaseRequest,
    ) -> Result<Answer<()>, ConfigApiError> {
        let path = format!("/v1/discord-shards/{shard}/release");
        let answer: Answer<Nothing> = self.post(&path, request, Repeat::Never).await?;
        Ok(answer.without_value())
    }

    /// A pod takes a released session.
    pub async fn adopt(
        &self,
        shard: DiscordShardId,
        request: &AdoptRequest,
    ) -> Result<Answer<DiscordShardInfo>, ConfigApiError> {
        self.post(
            &format!("/v1/discord-shards/{shard}/adopt"),
            request,
            Repeat::Allowed,
        )
        .await
    }

    /// Leave to identify. Never repeated by itself: each granted ticket counts.
    pub async fn ticket(&self, request: &TicketRequest) -> Result<Answer<TicketAnswer>, ConfigApiError> {
        self.post("/v1/identify/tickets", request, Repeat::Never).await
    }

    /// What `/gateway/bot` said.
    pub async fn budget(&self, request: &BudgetRequest) -> Result<Answer<()>, ConfigApiError> {
        let answer: Answer<Nothing> = self
            .call(Method::PUT, "/v1/identify/budget", Some(request), Repeat::Allowed)
            .await?;
        Ok(answer.without_value())
    }

    /// A guild flags a user.
    pub async fn flag(&self, request: &FlagRequest) -> Result<Answer<FlagAnswer>, ConfigApiError> {
        self.post("/v1/cross-guild/flags", request, Repeat::Allowed).await
    }

    /// Cross-guild events after `since`.
    pub async fn cross_guild_events(
        &self,
        since: Revision,
        limit: u32,
    ) -> Result<Answer<CrossGuildEvents>, ConfigApiError> {
        self.get(&format!("/v1/cross-guild/events?since={since}&limit={limit}"))
            .await
    }

    /// Changes after `since`, for as long as they are read; connects again by itself.
    pub fn watch(&self, since: Revision) -> Watch {
        Watch::new(self.clone(), since)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<Answer<T>, ConfigApiError> {
        self.call(Method::GET, path, None::<&()>, Repeat::Allowed).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
        repeat: Repeat,
    ) -> Result<Answer<T>, ConfigApiError> {
        self.call(Method::POST, path, Some(body), repeat).await
    }

    async fn post_for_nothing(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<Answer<()>, ConfigApiError> {
        let answer: Answer<Nothing> = self.post(path, body, Repeat::Allowed).await?;
        Ok(answer.without_value())
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
        repeat: Repeat,
    ) -> Result<Answer<T>, ConfigApiError> {
        let method = &method;
        let once = move || async move {
            let response = self.send(method.clone(), path, body, Some(self.try_time)).await?;
            let stamp = self.stamp_of(&response)?;
            let value = read_json(response).await?;
            Ok(Answer { value, stamp })
        };
        match repeat {
            Repeat::Allowed => retry::within(self.call_time, once).await,
            Repeat::Never => once().await,
        }
    }

    /// One try: signed now, with what is known now. An error answer is an error.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
        time: Option<Duration>,
    ) -> Result<Response, ConfigApiError> {
        let url = self
            .base
            .join(path)
            .map_err(|_| ConfigApiError::BadUrl(path.to_owned()))?;
        let mut request = self.http.http().request(method, url);
        if let Some(time) = time {
            request = request.timeout(time);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(known) = self
            .known()
            .and_then(|known| HeaderValue::from_str(&known.to_string()).ok())
        {
            request = request.header(HEADER_KNOWN, known);
        }
        let request = request.build().map_err(ConfigApiError::Client)?;
        let response = self.http.send(request).await.map_err(ConfigApiError::NoAnswer)?;
        if response.status().is_success() {
            return Ok(response);
        }
        if let Some(stamp) = read_stamp(response.headers()) {
            self.remember(&stamp.position);
        }
        Err(refusal(response).await)
    }

    /// The stamp of a good answer, remembered.
    pub(super) fn stamp_of(&self, response: &Response) -> Result<StoreStamp, ConfigApiError> {
        let stamp = read_stamp(response.headers())
            .ok_or_else(|| ConfigApiError::NotOurs("it carries no store stamp".to_owned()))?;
        if let Some(known) = self
            .known()
            .filter(|known| known.store_id != stamp.position.store_id)
        {
            return Err(ConfigApiError::ForeignStore {
                ours: known.store_id,
                theirs: stamp.position.store_id,
            });
        }
        self.remember(&stamp.position);
        Ok(stamp)
    }
}

impl Answer<Nothing> {
    fn without_value(self) -> Answer<()> {
        Answer {
            value: (),
            stamp: self.stamp,
        }
    }
}

async fn refusal(response: Response) -> ConfigApiError {
    let status = response.status().as_u16();
    match response.json::<ProblemBody>().await {
        Ok(body) => ConfigApiError::Refused {
            status,
            body: Box::new(body),
        },
        Err(_) => ConfigApiError::NotOurs(format!("status {status} without a problem that we know")),
    }
}

async fn read_json<T: DeserializeOwned>(response: Response) -> Result<T, ConfigApiError> {
    let bytes = response
        .bytes()
        .await
        .map_err(|error| ConfigApiError::NotOurs(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| ConfigApiError::NotOurs(error.to_string()))
}
