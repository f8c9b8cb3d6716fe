//! What a pod says of itself, held against what the config store says of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::pod_api::{
    GuildFence, PodApi, PodApiError, PodHealth, Queues, SessionHealth, SessionPhase,
};
use crate::domain::fence::FenceMode;
use crate::domain::ids::{DiscordShardId, GuildId, Incarnation};
use crate::store::config_db::{DiscordShardRow, GuildRow, PodRow};

/// Fences on one page.
const PAGE: u32 = 1_000;

/// Everything that a pod says: its sessions, its fences, what waits in its file. Read one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodWord {
    /// The pod and its sessions.
    pub health: PodHealth,
    /// Every fence in its file.
    pub fences: BTreeMap<GuildId, GuildFence>,
    /// What waits.
    pub queues: Queues,
}

/// A thing of which two witnesses say different things.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// As verbs take it: `guild/123`, `discord-shard/5`, `pod/0`.
    pub subject: String,
    /// What config says.
    pub config: String,
    /// What the pod says.
    pub pod: String,
}

impl Difference {
    fn new(subject: String, config: impl Into<String>, pod: impl Into<String>) -> Self {
        Self {
            subject,
            config: config.into(),
            pod: pod.into(),
        }
    }
}

/// Asks a pod at `url`.
pub async fn ask(api: &PodApi, url: &str) -> Result<PodWord, PodApiError> {
    let health = api.health(url).await?;
    let mut fences = BTreeMap::new();
    let mut after = None;
    loop {
        let page = api.fences(url, after, PAGE).await?;
        fences.extend(page.fences.into_iter().map(|fence| (fence.guild, fence)));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let queues = api.queues(url).await?;
    Ok(PodWord {
        health,
        fences,
        queues,
    })
}

/// Where a pod and config do not agree about the pod's life and its guilds, `guilds` being those that config gives to it.
pub fn compare_guilds(pod: &PodRow, guilds: &[GuildRow], word: &PodWord) -> Vec<Difference> {
    let mut found: Vec<Difference> = life(pod, &word.health).into_iter().collect();
    let owned: BTreeSet<GuildId> = guilds.iter().map(|row| row.guild).collect();
    found.extend(
        guilds
            .iter()
            .filter_map(|row| guild(row, word.fences.get(&row.guild))),
    );
    let foreign = word
        .fences
        .values()
        .filter(|fence| fence.mode.owns() && !owned.contains(&fence.guild));
    found.extend(foreign.map(|fence| {
        let says = fence_text(fence);
        Difference::new(format!("guild/{}", fence.guild), "another pod's", says)
    }));
    found
}

/// Where they do not agree about the pod's sessions, `hosted` being those that config has dealt to it.
pub fn compare_sessions(hosted: &[&DiscordShardRow], health: &PodHealth) -> Vec<Difference> {
    let mut held: BTreeMap<u32, &SessionHealth> = health
        .sessions
        .iter()
        .map(|one| (one.discord_shard, one))
        .collect();
    let mut found: Vec<Difference> = hosted
        .iter()
        .filter_map(|row| session(row, held.remove(&row.shard.get())))
        .collect();
    let foreign = held.into_values();
    found.extend(foreign.map(|one| {
        let subject = format!("discord-shard/{}", one.discord_shard);
        Difference::new(subject, "not its own", session_text(one))
    }));
    found
}

fn life(pod: &PodRow, health: &PodHealth) -> Option<Difference> {
    let says = health.incarnation.map(Incarnation::get);
    let subject = || format!("pod/{}", pod.pod.get());
    if says != Some(pod.incarnation.get()) {
        let says = says.map_or("alone, without a fleet".to_owned(), |number| {
            format!("incarnation {number}")
        });
        return Some(Difference::new(
            subject(),
            format!("incarnation {}", pod.incarnation),
            says,
        ));
    }
    (pod.leased() != health.leased).then(|| {
        let lease = |holds| {
            if holds {
                "its lease holds"
            } else {
                "its lease is over"
            }
        };
        Difference::new(subject(), lease(pod.leased()), lease(health.leased))
    })
}

fn guild(row: &GuildRow, fence: Option<&GuildFence>) -> Option<Difference> {
    let differs = |pod: String| {
        let config = format!("its own at epoch {}", row.epoch);
        Some(Difference::new(format!("guild/{}", row.guild), config, pod))
    };
    let Some(fence) = fence else {
        return row
            .born_at_ms
            .and_then(|_| differs("lost here: it has no fence".to_owned()));
    };
    // A freeze is what config asked for, while a move goes on.
    let expected = fence.mode == FenceMode::Serving || (row.move_id.is_some() && fence.mode.owns());
    if fence.epoch == row.epoch && expected {
        None
    } else {
        differs(fence_text(fence))
    }
}

fn fence_text(fence: &GuildFence) -> String {
    format!("{} at epoch {}", fence.mode.as_str(), fence.epoch)
}

fn session(row: &DiscordShardRow, held: Option<&SessionHealth>) -> Option<Difference> {
    let differs = |config: String, pod: String| {
        Some(Difference::new(
            format!("discord-shard/{}", row.shard),
            config,
            pod,
        ))
    };
    let config = format!("its own at host epoch {}", row.host_epoch);
    let Some(held) = held else {
        return differs(config, "it has no such session".to_owned());
    };
    let session_no = held.cursor.map(|cursor| cursor.session_no);
    if held.state == SessionPhase::Refused {
        return differs(config, session_text(held));
    }
    if held.cursor.is_some() && held.host_epoch != row.host_epoch {
        return differs(config, format!("its own at host epoch {}", held.host_epoch));
    }
    match session_no {
        Some(number) if number > row.session_no => {
            differs(format!("session {}", row.session_no), format!("session {number}"))
        }
        _ => None,
    }
}

fn session_text(one: &SessionHealth) -> String {
    match (one.state, &one.refused_because) {
        (SessionPhase::Live, _) => "live".to_owned(),
        (SessionPhase::Connecting, _) => "connecting".to_owned(),
        (SessionPhase::Refused, Some(why)) => format!("refused by Discord: {why}"),
        (SessionPhase::Refused, None) => "refused by Discord".to_owned(),
    }
}

/// What a pod says of one session, in one word, with the last frame that is in its file.
pub fn session_of(health: &PodHealth, shard: DiscordShardId) -> Option<String> {
    let one = health
        .sessions
        .iter()
        .find(|one| one.discord_shard == shard.get())?;
    let at = one.cursor.map(|at| format!(" at {at}")).unwrap_or_default();
    Some(format!("{}{at}", session_text(one)))
}
