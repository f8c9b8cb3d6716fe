//! A Discord shard and its session as they are printed.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, age, rfc3339};
use crate::domain::ids::{DiscordShardId, PodId};
use crate::store::config_db::DiscordShardRow;

/// A Discord shard with its session, as in `kind: Session`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ctl) struct SessionView {
    discord_shard: DiscordShardId,
    /// The host's ordinal.
    host: Option<PodId>,
    host_epoch: u64,
    /// 0: never identified.
    session_no: u64,
    session_id: Option<String>,
    resume_url: Option<String>,
    /// The sequence number to resume from, as far as the store knows.
    resume_at: Option<u64>,
    released_at: Option<String>,
    #[serde(skip)]
    released_at_ms: Option<i64>,
    released_by: Option<PodId>,
}

impl From<&DiscordShardRow> for SessionView {
    fn from(row: &DiscordShardRow) -> Self {
        let cursor = row.cursor.as_ref();
        Self {
            discord_shard: row.shard,
            host: row.host,
            host_epoch: row.host_epoch.get(),
            session_no: row.session_no.get(),
            session_id: cursor.map(|cursor| cursor.session_id.clone()),
            resume_url: cursor.map(|cursor| cursor.resume_url.clone()),
            resume_at: cursor.map(|cursor| cursor.resume_at),
            released_at: row.released_at_ms.map(rfc3339),
            released_at_ms: row.released_at_ms,
            released_by: row.released_by,
        }
    }
}

impl SessionView {
    /// Discord shard, host, host epoch and session, as in its cells.
    pub(super) fn brief(&self) -> [String; 4] {
        [
            self.discord_shard.to_string(),
            self.host.map(|pod| pod.to_string()).unwrap_or_default(),
            self.host_epoch.to_string(),
            match self.session_no {
                0 => String::new(),
                number => number.to_string(),
            },
        ]
    }

    fn released(&self, now_ms: i64) -> String {
        match (self.released_at_ms, self.released_by) {
            (Some(at), Some(by)) => format!("{} ago by {by}", age(now_ms - at)),
            (Some(at), None) => format!("{} ago", age(now_ms - at)),
            _ => String::new(),
        }
    }
}

impl Row for SessionView {
    const KIND: &'static str = "Session";
    const COLUMNS: &'static [Column] = &[
        Column::number("DISCORD SHARD"),
        Column::text("HOST (config)"),
        Column::number("HOST EPOCH (config)"),
        Column::number("SESSION (config)"),
        Column::number("RESUME AT (pod)"),
        Column::text("RELEASED (config)"),
        Column::text("SESSION ID (pod)").wide(),
        Column::text("RESUME URL (pod)").wide(),
    ];

    fn name(&self) -> String {
        format!("discord-shard/{}", self.discord_shard)
    }

    fn cells(&self, now_ms: i64) -> Cells {
        vec![
            self.discord_shard.to_string(),
            self.host.map(|pod| pod.to_string()).unwrap_or_default(),
            self.host_epoch.to_string(),
            match self.session_no {
                0 => String::new(),
                number => number.to_string(),
            },
            self.resume_at.map(|seq| seq.to_string()).unwrap_or_default(),
            self.released(now_ms),
            self.session_id.clone().unwrap_or_default(),
            self.resume_url.clone().unwrap_or_default(),
        ]
    }
}
