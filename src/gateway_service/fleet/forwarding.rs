//! Frames of guilds that other pods own, streamed to each of them in order until it has kept them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Fleet;
use crate::client::pod_api::{ForwardedFrame, FramesRefused, FramesRequest, GuildFrames, PodApiError};
use crate::domain::fence::Position;
use crate::domain::ids::{GuildId, PodId};
use crate::gateway_service::frame::Frame;
use crate::gateway_service::guilds::Standing;
use crate::gateway_service::owner::{Waiting, WaitingFrame};
use crate::gateway_service::pause::Pause;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::WriteError;

/// When an owner is first asked again about a guild whose frames it did not take: it may be about to serve it, as a
/// move's target is at the flip. Doubled from there to [`RETRY_MAX`].
const RETRY: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
enum ForwardError {
    #[error("{0} took no frames")]
    Pod(PodId, #[source] PodApiError),
    #[error("config does not say where {0} is")]
    NoAddress(PodId),
    #[error("the shard database failed")]
    File(#[from] WriteError),
}

/// Keeps one sender for each owner that frames wait for, until the pod stops.
pub(super) async fn run(fleet: Arc<Fleet>) {
    let mut senders: BTreeMap<PodId, Arc<Notify>> = BTreeMap::new();
    let mut tasks = tokio::task::JoinSet::new();
    let mut pause = Pause::new(fleet.settings.retry_max);
    loop {
        match fleet.host.owner.waiting_guilds().await {
            Ok(guilds) => {
                pause.reset();
                for pod in owners(&fleet, &guilds).into_keys() {
                    let poked = senders.entry(pod).or_insert_with(|| {
                        let poked = Arc::new(Notify::new());
                        tasks.spawn(send_all(Arc::clone(&fleet), pod, Arc::clone(&poked)));
                        poked
                    });
                    poked.notify_one();
                }
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), "forwarded frames cannot be read");
                if !pause.wait(&fleet.host.stop).await {
                    break;
                }
                continue;
            }
        }
        tokio::select! {
            () = fleet.host.waiting.forwarding.notified() => {}
            () = fleet.host.stop.cancelled() => break,
        }
    }
    while tasks.join_next().await.is_some() {}
}

/// The guilds that frames wait for, by the pod that owns them.
fn owners(fleet: &Fleet, guilds: &[GuildId]) -> BTreeMap<PodId, Vec<GuildId>> {
    let mut owners: BTreeMap<PodId, Vec<GuildId>> = BTreeMap::new();
    for guild in guilds {
        if let Standing::Elsewhere(pod) = fleet.guilds.standing(*guild) {
            owners.entry(pod).or_default().push(*guild);
        }
    }
    owners
}

/// Guilds whose owner does not take their frames now: they hold up no other guild.
#[derive(Default)]
struct Held(BTreeMap<GuildId, HeldGuild>);

struct HeldGuild {
    /// When the owner is asked again.
    until: Instant,
    /// How long that was from the last time.
    waited: Duration,
}

impl Held {
    fn holds(&self, guild: GuildId) -> bool {
        self.0.get(&guild).is_some_and(|held| held.until > Instant::now())
    }

    /// When the first of them is asked about again.
    fn first(&self) -> Option<Instant> {
        self.0.values().map(|held| held.until).min()
    }

    /// Forgets those that nothing waits for any more.
    fn keep(&mut self, waiting: &[GuildId]) {
        self.0.retain(|guild, _| waiting.contains(guild));
    }

    fn refused(&mut self, guild: GuildId, longest: Duration) {
        let waited = self
            .0
            .get(&guild)
            .map_or(RETRY, |held| held.waited * 2)
            .min(longest);
        let until = Instant::now() + waited;
        self.0.insert(guild, HeldGuild { until, waited });
    }

    fn taken(&mut self, guild: GuildId) {
        self.0.remove(&guild);
    }
}

/// How much an owner takes at once: found out by asking, as that is its own setting.
struct Size {
    /// Bytes of the next call's frames.
    bytes: u64,
    /// A frame that is too large even alone.
    too_large: Option<(GuildId, Position)>,
}

impl Size {
    fn of(fleet: &Fleet) -> Self {
        Self {
            bytes: fleet.settings.forward_batch,
            too_large: None,
        }
    }

    fn without_data(&self, frame: &WaitingFrame) -> bool {
        self.too_large == Some((frame.guild, frame.at))
    }

    /// The owner takes no such call: less next time, at last one frame without its data. `false`: not even that.
    fn refused(&mut self, pod: PodId, frames: &[WaitingFrame]) -> bool {
        match frames {
            [frame] if self.without_data(frame) => return false,
            [frame] => {
                let bytes = frame.raw.len();
                tracing::error!(owner = %pod, guild = %frame.guild, at = %frame.at, bytes, "a frame is larger than its owner takes at once (MODBOT_MAX_BODY there): it becomes a dead frame");
                self.too_large = Some((frame.guild, frame.at));
            }
            frames => {
                let sent: usize = frames.iter().map(|frame| frame.raw.len()).sum();
                self.bytes = sent as u64 / 2;
            }
        }
        true
    }

    fn taken(&mut self, fleet: &Fleet) {
        self.bytes = (self.bytes.max(1) * 2).min(fleet.settings.forward_batch);
        self.too_large = None;
    }
}

/// A stored frame as it is sent, or only its name and number.
fn forwarded(frame: &WaitingFrame, without_data: bool) -> Option<ForwardedFrame> {
    // It was read before it was stored.
    let raw = if without_data {
        let read = Frame::read(frame.raw.clone()).ok()??;
        serde_json::value::to_raw_value(&serde_json::json!({ "op": 0, "t": read.name, "s": read.seq }))
            .ok()?
    } else {
        RawValue::from_string(frame.raw.clone()).ok()?
    };
    Some(ForwardedFrame {
        guild: frame.guild,
        discord_shard: frame.shard.get(),
        position: frame.at,
        raw,
        too_large: without_data.then_some(frame.raw.len() as u64),
    })
}

async fn send_all(fleet: Arc<Fleet>, pod: PodId, poked: Arc<Notify>) {
    let mut pause = Pause::new(fleet.settings.retry_max);
    let mut held = Held::default();
    let mut size = Size::of(&fleet);
    let mut failing = false;
    while !fleet.host.stop.is_cancelled() {
        match send(&fleet, pod, &mut held, &mut size).await {
            Ok(0) => {
                pause.reset();
                if std::mem::take(&mut failing) {
                    tracing::info!(owner = %pod, "frames reach their owner again");
                }
                let again = held.first();
                tokio::select! {
                    () = poked.notified() => {}
                    () = until(again) => {}
                    () = fleet.host.stop.cancelled() => return,
                }
            }
            Ok(_) => pause.reset(),
            Err(error) => {
                if !std::mem::replace(&mut failing, true) {
                    tracing::warn!(owner = %pod, error = %Chain(&error), "frames wait for their owner");
                }
                if !pause.wait(&fleet.host.stop).await {
                    return;
                }
            }
        }
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Sends what fits into one call; how many frames were kept.
async fn send(
    fleet: &Arc<Fleet>,
    pod: PodId,
    held: &mut Held,
    size: &mut Size,
) -> Result<usize, ForwardError> {
    let mut guilds = owners(fleet, &fleet.host.owner.waiting_guilds().await?);
    let mut guilds = guilds.remove(&pod).unwrap_or_default();
    held.keep(&guilds);
    guilds.retain(|guild| !held.holds(*guild));
    if guilds.is_empty() {
        return Ok(0);
    }
    let Waiting { frames, bot_user_id } = fleet.host.owner.waiting_frames(guilds, size.bytes).await?;
    let url = fleet.pods.url(pod).ok_or(ForwardError::NoAddress(pod))?;
    let sent = frames.len();
    let request = FramesRequest {
        from: fleet.pod,
        incarnation: fleet.incarnation,
        bot_user_id,
        frames: frames
            .iter()
            .filter_map(|frame| forwarded(frame, size.without_data(frame)))
            .collect(),
    };
    if !fleet.lease.holds() {
        return Ok(0);
    }
    let answer = match fleet.pod_api.frames(&url, &request).await {
        Ok(answer) => answer,
        Err(error) if error.is_too_large() && size.refused(pod, &frames) => return Ok(sent),
        Err(error) => return Err(ForwardError::Pod(pod, error)),
    };
    size.taken(fleet);
    let asked: BTreeSet<GuildId> = request.frames.iter().map(|frame| frame.guild).collect();
    for guild in answer.guilds.iter().filter(|it| asked.contains(&it.guild)) {
        if settle(fleet, guild).await? {
            held.refused(guild.guild, RETRY_MAX.min(fleet.settings.retry_max));
        } else {
            held.taken(guild.guild);
        }
    }
    Ok(sent)
}

/// Forgets what the owner has kept; whether it has to be asked again later.
async fn settle(fleet: &Fleet, answer: &GuildFrames) -> Result<bool, WriteError> {
    if let Some(position) = answer.kept_until {
        fleet.host.owner.kept_elsewhere(answer.guild, position).await?;
    }
    match answer.refused {
        None => Ok(false),
        Some(FramesRefused::NotServed) => Ok(true),
        Some(FramesRefused::NotOwned) => {
            fleet.guilds.forget(answer.guild);
            fleet.host.waiting.placing.notify_one();
            Ok(true)
        }
    }
}
