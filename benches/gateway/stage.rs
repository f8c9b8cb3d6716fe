//! A simulated Discord, and the pod as a process beside it.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use modbot::simulator::ledger::SessionRecord;
use modbot::simulator::settings::{GatewaySettings, WorldSettings};
use modbot::simulator::{Ledger, Load, Mix, Settings, Simulator};

/// As many as a fleet has by default.
pub(crate) const SHARDS: u32 = 64;
const PATIENCE: Duration = Duration::from_mins(5);

/// A Discord and the directory of the pod's file.
pub(crate) struct Stage {
    pub(crate) discord: Simulator,
    dir: tempfile::TempDir,
}

/// The pod; killed when dropped.
pub(crate) struct Pod(Child);

impl Stage {
    pub(crate) async fn set(guilds: usize) -> Self {
        let settings = Settings {
            world: WorldSettings {
                guilds,
                members_max: 12,
                ..WorldSettings::default()
            },
            gateway: GatewaySettings {
                identify_interval: Duration::ZERO,
                max_concurrency: SHARDS,
                replay_buffer: 1_000_000,
                resume_window: Duration::from_hours(1),
                ..GatewaySettings::default()
            },
            ..Settings::default()
        };
        Self {
            discord: Simulator::start(settings).await.unwrap(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A file beside the pod's.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path("shard.db")
    }

    /// Starts the pod.
    pub(crate) fn pod(&self) -> Pod {
        let urls = self.discord.urls();
        let child = Command::new(env!("CARGO_BIN_EXE_modbot-gateway"))
            .env("MODBOT_STANDALONE", "true")
            .env("MODBOT_SHARD_DB", self.file())
            .env("MODBOT_DISCORD_TOKEN", self.discord.token())
            .env("MODBOT_DISCORD_API_URL", format!("{}/api/v10", urls.rest))
            .env("MODBOT_DISCORD_GATEWAY_URL", urls.gateway)
            .env("MODBOT_NUM_SHARDS", SHARDS.to_string())
            .env("MODBOT_IDENTIFY_INTERVAL", "0s")
            .env("MODBOT_LISTEN", "127.0.0.1:0")
            .env("MODBOT_ADMIN_LISTEN", "127.0.0.1:0")
            .env("MODBOT_SHUTDOWN_DELAY", "0s")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Pod(child)
    }

    /// Waits until every session is held and everything sent is in the file.
    pub(crate) async fn quiet(&self) {
        let live = |ledger: &Ledger| held(ledger).count() == SHARDS as usize;
        self.discord
            .wait_for("live sessions", PATIENCE, live)
            .await
            .unwrap();
        self.discord.quiet(PATIENCE).await.unwrap();
        while self.behind() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits until nobody holds a session.
    pub(crate) async fn gone(&self) {
        let gone = |ledger: &Ledger| held(ledger).next().is_none();
        self.discord.wait_for("no session", PATIENCE, gone).await.unwrap();
    }

    /// Frames that were sent and are not in the file.
    pub(crate) fn behind(&self) -> u64 {
        let sent: u64 = self
            .discord
            .with_ledger(|ledger| held(ledger).map(SessionRecord::last_seq).sum());
        sent.saturating_sub(Cursors::open(self).sum())
    }
}

/// The sessions that a connection holds.
pub(crate) fn held(ledger: &Ledger) -> impl Iterator<Item = &SessionRecord> {
    ledger
        .sessions
        .iter()
        .filter(|one| one.ended.is_none() && one.attached)
}

/// Nothing but messages, every guild alike.
pub(crate) fn messages(acts_per_s: f64) -> Load {
    Load {
        acts_per_s,
        skew: 0.0,
        mix: Mix::MESSAGES,
        ..Load::default()
    }
}

impl Pod {
    pub(crate) fn kill9(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Seconds of CPU so far.
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let after_name = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = after_name.split_whitespace().collect();
        // Fields 14 and 15 of proc(5), counted from the one after the name, in the usual hundredths.
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks / 100.0
    }

    /// A line of `/proc/PID/status`, in MiB.
    pub(crate) fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let kib = line.trim_start_matches(':').trim().trim_end_matches(" kB");
        kib.parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.end();
    }
}

/// The cursors in the pod's file, read beside it.
pub(crate) struct Cursors(rusqlite::Connection);

impl Cursors {
    pub(crate) fn open(stage: &Stage) -> Self {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = rusqlite::Connection::open_with_flags(stage.file(), flags).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        Self(connection)
    }

    /// All of them added up.
    pub(crate) fn sum(&self) -> u64 {
        let mut statement = self
            .0
            .prepare_cached("SELECT coalesce(sum(seq), 0) FROM discord_session")
            .unwrap();
        let sum: i64 = statement.query_row([], |row| row.get(0)).unwrap();
        sum.unsigned_abs()
    }

    /// By Discord shard.
    pub(crate) fn all(&self) -> Vec<(u32, u64)> {
        let mut statement = self
            .0
            .prepare_cached("SELECT shard_id, seq FROM discord_session")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }
}
