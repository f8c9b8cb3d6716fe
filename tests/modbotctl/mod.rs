//! `modbotctl` as an operator meets it: a process, its output, its exit code, and what it left behind.

mod bundles;
mod changes;
mod golden;
mod interrupts;
mod lists;
mod refusals;
mod surroundings;

use std::process::Command;
use std::time::Duration;

use modbot::domain::fleet::PodState;
use modbot::domain::ids::{GuildId, Revision};
use modbot::store::config_db::{ConfigDb, GuildLoad, Heartbeat};
use sqlx::Connection;

use crate::config_store::{by, guild, hello, pod};
use crate::support::postgres::{TestDb, open};
use crate::support::process::{Outcome, modbotctl, outcome};

/// Long enough that an age in hours stays the same while a test runs.
const LEASE: Duration = Duration::from_hours(25);

/// Guilds of the fleet below, by pod.
const GUILDS: [(u64, u32); 5] = [
    (614_601_782_152_265_748, 0),
    (175_928_847_299_117_063, 0),
    (41_771_983_423_143_937, 1),
    (81_384_788_765_712_384, 1),
    (197_038_439_483_310_086, 2),
];

/// A small fleet in a store of its own: `pod-0` active, `pod-1` cordoned, `pod-2` without a lease, five guilds.
struct Fleet {
    db: TestDb,
    store: ConfigDb,
}

impl Fleet {
    async fn new() -> Self {
        let db = TestDb::migrated();
        let store = open(&db.url());
        for n in 0..3 {
            start_pod(&store, n).await;
        }
        for (id, owner) in GUILDS {
            store.assign(guild(id), pod(owner), &by("seed")).await.unwrap();
        }
        store
            .deal_discord_shards(Duration::ZERO, &by("seed"))
            .await
            .unwrap();
        store
            .set_pod_state(pod(1), PodState::Cordoned, &by("seed"))
            .await
            .unwrap();
        let fleet = Self { db, store };
        fleet
            .sql("update pod set lease_until = now() - interval '3 hours 20 minutes 30 seconds' where pod_id = 2")
            .await;
        fleet
    }

    /// `modbotctl` on this store.
    fn ctl(&self, args: &[&str]) -> Outcome {
        outcome(&mut self.command(args))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = modbotctl();
        command.args(args).env("MODBOT_STORE_URL", self.db.url());
        command
    }

    /// Runs a statement behind the store's back.
    async fn sql(&self, statement: &str) {
        let mut connection = sqlx::PgConnection::connect(&self.db.url()).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
            .execute(&mut connection)
            .await
            .unwrap();
    }

    /// Every row of every table, in a fixed order.
    async fn contents(&self) -> Vec<(String, String)> {
        contents(&self.db.url()).await
    }

    /// The latest audit entry: actor, action, subject, reason.
    async fn last_audit(&self) -> [String; 4] {
        let filter = modbot::store::config_db::AuditFilter {
            limit: 1,
            ..Default::default()
        };
        let entry = self.store.audit(&filter).await.unwrap().value.remove(0);
        [entry.actor, entry.action, entry.subject, entry.reason]
    }
}

/// Starts a pod, which says what it carries.
async fn start_pod(store: &ConfigDb, n: u32) {
    let attached = store.attach(&hello(n), LEASE, LEASE).await.unwrap().value;
    let beat = Heartbeat {
        pod: pod(n),
        incarnation: attached.assignment.incarnation,
        bytes: u64::from(n + 1) << 20,
        events_per_s: 1.5,
        rest_share: 0,
        known_revision: Revision::new(0),
        guild_loads: Vec::<GuildLoad>::new(),
        sessions: Vec::new(),
    };
    store.heartbeat(&beat, LEASE).await.unwrap();
}

async fn contents(url: &str) -> Vec<(String, String)> {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let rows =
            format!("select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t");
        let text = sqlx::query_scalar(sqlx::AssertSqlSafe(rows))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        all.push((table, text));
    }
    all
}

fn snowflake(id: u64) -> GuildId {
    guild(id)
}

/// The one document on a stream.
fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}
