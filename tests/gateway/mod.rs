//! The gateway daemon as a process, over the simulated Discord.

mod api;
mod at_scale;
mod captures;
mod exactly_once;
mod fleet;
mod machine;
mod moves;
mod outbox;
mod refusals;
mod refused_writes;
mod sessions;
mod storms;
mod witnesses;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use modbot::simulator::ledger::{Ledger, SessionRecord};
use modbot::simulator::settings::{GatewaySettings, WorldSettings};
use modbot::simulator::{Settings, Simulator};

use super::support::process::{Running, modbot_gateway};
use super::support::wait;

/// Long enough for a busy machine.
const PATIENCE: Duration = wait::PATIENCE;

/// A Discord with intervals that tests can wait for, and a directory for the pod's file.
struct World {
    discord: Simulator,
    dir: tempfile::TempDir,
    file: PathBuf,
    shards: u32,
}

impl World {
    async fn start(guilds: usize, shards: u32) -> Self {
        Self::with_heartbeats(guilds, shards, Duration::from_secs(2)).await
    }

    /// Heartbeats further apart: many sessions at once keep a busy machine from answering within short ones, and a
    /// connection that is given up before its READY costs another identify.
    async fn with_heartbeats(guilds: usize, shards: u32, heartbeat_interval: Duration) -> Self {
        let settings = Settings {
            world: WorldSettings {
                guilds,
                members_max: 12,
                ..WorldSettings::default()
            },
            gateway: GatewaySettings {
                heartbeat_interval,
                identify_interval: Duration::ZERO,
                max_concurrency: shards,
                ..GatewaySettings::default()
            },
            ..Settings::default()
        };
        let dir = tempfile::tempdir().unwrap();
        Self {
            discord: Simulator::start(settings).await.unwrap(),
            file: dir.path().join("pod/shard.db"),
            dir,
            shards,
        }
    }

    fn file(&self) -> PathBuf {
        self.file.clone()
    }

    /// The pod's command line: standalone, against this Discord, with short intervals.
    fn command(&self) -> Command {
        let urls = self.discord.urls();
        let mut command = modbot_gateway();
        command
            .env("MODBOT_STANDALONE", "true")
            .env("MODBOT_SHARD_DB", self.file())
            .env("MODBOT_DISCORD_TOKEN", self.discord.token())
            .env("MODBOT_DISCORD_API_URL", format!("{}/api/v10", urls.rest))
            .env("MODBOT_DISCORD_GATEWAY_URL", urls.gateway)
            .env("MODBOT_NUM_SHARDS", self.shards.to_string())
            .env("MODBOT_IDENTIFY_INTERVAL", "0s")
            .env("MODBOT_RETRY_MAX", "500ms")
            .env("MODBOT_OUTBOX_SETTLE_WAIT", "500ms")
            .env("MODBOT_LISTEN", "127.0.0.1:0")
            .env("MODBOT_ADMIN_LISTEN", "127.0.0.1:0")
            .env("MODBOT_SHUTDOWN_DELAY", "0s");
        command
    }

    fn pod(&self) -> Running {
        Running::start(&mut self.command())
    }

    /// Waits until every Discord shard has a live session that a connection holds, and the file knows of it: a pod
    /// that is killed before has nothing to resume.
    async fn live(&self) {
        let shards = self.shards as usize;
        let live = move |ledger: &Ledger| held(ledger).count() == shards;
        self.discord
            .wait_for("every session to be live", PATIENCE, live)
            .await
            .unwrap();
        let known = "SELECT count(*) FROM discord_session WHERE session_id IS NOT NULL";
        wait::until_async("every session to be in the file", async || {
            (self.number(known) == i64::from(self.shards)).then_some(())
        })
        .await;
    }

    /// Waits until Discord has noticed that nobody holds a session any more.
    async fn noticed_gone(&self) {
        let gone = |ledger: &Ledger| held(ledger).next().is_none();
        self.discord
            .wait_for("no session to be held", PATIENCE, gone)
            .await
            .unwrap();
    }

    /// Waits until everything that was sent is acknowledged, and in the file.
    async fn quiet(&self) {
        self.live().await;
        self.discord.quiet(PATIENCE).await.unwrap();
        wait::until_async("every cursor to be at the last frame sent", async || {
            let last = self.discord.with_ledger(|ledger| {
                held(ledger)
                    .map(|one| (one.shard, (one.session_id.clone(), one.last_seq())))
                    .collect::<BTreeMap<_, _>>()
            });
            (self.cursors() == last).then_some(())
        })
        .await;
    }

    /// The session and the cursor of each Discord shard in the file.
    fn cursors(&self) -> BTreeMap<u32, (String, u64)> {
        let connection = reading(&self.file());
        let sql = "SELECT shard_id, session_id, seq FROM discord_session WHERE session_id IS NOT NULL";
        let mut statement = connection.prepare(sql).unwrap();
        let found = statement
            .query_map([], |row| {
                let seq: i64 = row.get(2)?;
                Ok((row.get(0)?, (row.get(1)?, seq.unsigned_abs())))
            })
            .unwrap();
        found.map(Result::unwrap).collect()
    }

    /// Rows of two numbers, read beside the pod.
    fn rows(&self, sql: &str) -> Vec<(i64, i64)> {
        rows(&self.file(), sql)
    }

    fn number(&self, sql: &str) -> i64 {
        self.rows(&format!("SELECT ({sql}), 0"))[0].0
    }

    /// What the messages' rows must be by the ledger: (message, reactions) of every message that was not deleted.
    fn expected_stats(&self) -> BTreeMap<i64, i64> {
        self.discord.with_ledger(|ledger| {
            let subjects =
                |name: &'static str| ledger.named(name).map(|event| number_of(event.subject.unwrap()));
            let mut stats: BTreeMap<i64, i64> = subjects("MESSAGE_CREATE").map(|id| (id, 0)).collect();
            for id in subjects("MESSAGE_REACTION_ADD") {
                *stats.entry(id).or_default() += 1;
            }
            for id in subjects("MESSAGE_DELETE") {
                stats.remove(&id);
            }
            stats
        })
    }

    fn stats(&self) -> BTreeMap<i64, i64> {
        self.rows("SELECT message_id, react_count FROM message_stats")
            .into_iter()
            .collect()
    }
}

fn number_of(id: modbot::simulator::Snowflake) -> i64 {
    id.0.cast_signed()
}

fn held(ledger: &Ledger) -> impl Iterator<Item = &SessionRecord> {
    ledger
        .sessions
        .iter()
        .filter(|one| one.ended.is_none() && one.attached)
}

fn reading(file: &Path) -> rusqlite::Connection {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = rusqlite::Connection::open_with_flags(file, flags).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection
}

fn rows(file: &Path, sql: &str) -> Vec<(i64, i64)> {
    let connection = reading(file);
    let mut statement = connection.prepare(sql).unwrap();
    let found = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    found.map(Result::unwrap).collect()
}
