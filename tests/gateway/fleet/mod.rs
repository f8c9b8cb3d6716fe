//! Pods and two replicas of config: each frame takes effect once, at the guild's owner.

mod hosting;
mod lives;
mod off_host;
mod older_file;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use modbot::domain::ids::{DiscordShardId, GuildId, NumShards, PodId};
use modbot::runtime::service_auth::Role;
use modbot::simulator::{Fault, Ledger, Load, Mix};
use modbot::store::config_db::{By, ConfigDb};

use super::{PATIENCE, World, held, number_of, rows};
use crate::support::config::{command, key};
use crate::support::daemon::{Daemon, free_address};
use crate::support::postgres::{TestDb, open};
use crate::support::process::Running;
use crate::support::wait;

pub(super) const SHARDS: u32 = 4;

pub(super) struct Fleet {
    pub(super) world: World,
    pub(super) store_url: String,
    _db: Option<TestDb>,
    pub(super) configs: Vec<Daemon>,
    config_urls: Vec<String>,
    pub(super) pod_addresses: Vec<String>,
    shape: Shape,
}

/// What a fleet is made of.
#[derive(Clone)]
pub(super) struct Shape {
    pub(super) pods: usize,
    pub(super) guilds: usize,
    /// How long a session that was let go waits for its own pod.
    pub(super) hold: &'static str,
    pub(super) lease_ttl: &'static str,
}

pub(super) fn messages(seed: u64) -> Load {
    Load {
        seed,
        mix: Mix::MESSAGES,
        ..Load::default()
    }
}

impl Fleet {
    /// Room for two pods.
    pub(super) async fn start(guilds: usize, hold: &'static str) -> Self {
        let shape = Shape {
            pods: 2,
            guilds,
            hold,
            lease_ttl: "1h",
        };
        Self::of(shape).await
    }

    /// Over a database of its own.
    pub(super) async fn of(shape: Shape) -> Self {
        let db = TestDb::empty();
        let fleet = Self::over(db.url(), shape).await;
        Self {
            _db: Some(db),
            ..fleet
        }
    }

    /// Two replicas of config over a store of four Discord shards, and a Discord that takes nobody yet.
    pub(super) async fn over(store_url: String, shape: Shape) -> Self {
        let world = World::start(shape.guilds, SHARDS).await;
        world.discord.fault(Fault::RefuseConnections);
        let store = open(&store_url);
        store.migrate(NumShards::new(SHARDS).unwrap()).await.unwrap();
        store.close().await;
        let mut fleet = Self {
            world,
            store_url,
            _db: None,
            configs: Vec::new(),
            config_urls: (0..2).map(|_| format!("http://{}", free_address())).collect(),
            pod_addresses: (0..shape.pods).map(|_| free_address()).collect(),
            shape,
        };
        fleet.start_configs();
        fleet
    }

    pub(super) fn start_configs(&mut self) {
        let start = |url: &String| {
            let mut config = command(&self.store_url);
            config
                .env("MODBOT_LISTEN", url.strip_prefix("http://").unwrap())
                // Moves are driven by the stories themselves.
                .env("MODBOT_MOVE_INTERVAL", "1h")
                .env("MODBOT_SESSION_HOLD", self.shape.hold)
                .env("MODBOT_LEASE_TTL", self.shape.lease_ttl);
            Daemon::start(&mut config)
        };
        let started: Vec<Daemon> = self.config_urls.iter().map(start).collect();
        self.configs = started.into_iter().map(Daemon::ready).collect();
    }

    pub(super) fn file(&self, pod: usize) -> PathBuf {
        self.world.dir.path().join(format!("pod-{pod}/shard.db"))
    }

    /// A pod, each talking to another replica of config.
    pub(super) fn pod(&self, pod: usize) -> Running {
        Running::start(&mut self.pod_command(pod))
    }

    pub(super) fn pod_command(&self, pod: usize) -> Command {
        let mut command = self.world.command();
        command
            .env_remove("MODBOT_STANDALONE")
            .env_remove("MODBOT_NUM_SHARDS")
            .env_remove("MODBOT_IDENTIFY_INTERVAL")
            .env("MODBOT_SHARD_DB", self.file(pod))
            .env("MODBOT_POD", pod.to_string())
            .env("MODBOT_POD_URL", format!("http://{}", self.pod_addresses[pod]))
            .env("MODBOT_LISTEN", &self.pod_addresses[pod])
            .env("MODBOT_CONFIG_URL", &self.config_urls[pod % 2])
            .env("MODBOT_HEARTBEAT_INTERVAL", "100ms")
            .env("MODBOT_MOVE_CHECK_INTERVAL", "200ms")
            .env("MODBOT_AUTH_POD_KEY", key(Role::Pod))
            .env("MODBOT_AUTH_OPERATOR_KEY", key(Role::Operator));
        command
    }

    pub(super) fn attached(pod: &mut Running) {
        pod.wait_for_line("the pod to be attached", |line| {
            line.contains("attached to the fleet")
        });
    }

    pub(super) fn store(&self) -> ConfigDb {
        open(&self.store_url)
    }

    /// The host of every Discord shard, once both pods have their share.
    pub(super) async fn hosts(&self, pods: usize) -> BTreeMap<DiscordShardId, PodId> {
        let store = self.store();
        wait::until_async("the Discord shards to be dealt", async || {
            let dealt = store.discord_shards().await.unwrap().value;
            let hosts: BTreeMap<_, _> = dealt
                .iter()
                .filter_map(|row| Some((row.shard, row.host?)))
                .collect();
            let distinct: std::collections::BTreeSet<_> = hosts.values().collect();
            (hosts.len() == SHARDS as usize && distinct.len() == pods).then_some(hosts)
        })
        .await
    }

    /// Gives every second guild of each Discord shard to another pod than the one that hosts it, the others to that
    /// one: as it owns most of them, it stays their host.
    pub(super) async fn assign_across(
        &self,
        hosts: &BTreeMap<DiscordShardId, PodId>,
    ) -> BTreeMap<i64, usize> {
        let store = self.store();
        let pods = u32::try_from(self.pod_addresses.len()).unwrap();
        let mut owners = BTreeMap::new();
        let mut seen: BTreeMap<DiscordShardId, u32> = BTreeMap::new();
        for view in self.world.discord.guilds() {
            let guild = GuildId::new(view.id.0).unwrap();
            let shard = guild.discord_shard(NumShards::new(SHARDS).unwrap());
            let number = seen.entry(shard).or_default();
            let owner = (hosts[&shard].get() + *number % 2) % pods;
            *number += 1;
            store
                .assign(guild, PodId::new(owner).unwrap(), &By::daemon("test"))
                .await
                .unwrap();
            owners.insert(number_of(view.id), owner as usize);
        }
        owners
    }

    /// The guilds that live with another pod than the one that hosts their Discord shard now.
    pub(super) async fn off_host(&self, owners: &BTreeMap<i64, usize>) -> usize {
        let dealt = self.store().discord_shards().await.unwrap().value;
        let host = |guild: i64| {
            let shard = GuildId::from_i64(guild)
                .unwrap()
                .discord_shard(NumShards::new(SHARDS).unwrap());
            let row = dealt.iter().find(|row| row.shard == shard);
            row.unwrap().host.unwrap().get() as usize
        };
        owners
            .iter()
            .filter(|(guild, owner)| host(**guild) != **owner)
            .count()
    }

    fn pods_with_files(&self) -> impl Iterator<Item = usize> {
        (0..self.pod_addresses.len()).filter(|pod| self.file(*pod).exists())
    }

    /// A number from every pod's file, added up.
    pub(super) fn sum(&self, sql: &str) -> i64 {
        self.pods_with_files()
            .map(|pod| rows(&self.file(pod), &format!("SELECT ({sql}), 0"))[0].0)
            .sum()
    }

    /// Waits until every session is held, and known to its host's file.
    pub(super) async fn live(&self) {
        let live = |ledger: &Ledger| held(ledger).count() == SHARDS as usize;
        let discord = &self.world.discord;
        discord
            .wait_for("every session to be live", PATIENCE, live)
            .await
            .unwrap();
        wait::until_async("every session to be in a file", async || {
            (self.cursors().len() == SHARDS as usize).then_some(())
        })
        .await;
    }

    /// The cursor of each Discord shard in the file of its latest host.
    pub(super) fn cursors(&self) -> BTreeMap<u32, u64> {
        let mut latest: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        for pod in self.pods_with_files() {
            let sql = "SELECT shard_id, host_epoch * 1000000 + seq FROM discord_session WHERE session_id IS NOT NULL";
            for (shard, place) in rows(&self.file(pod), sql) {
                let place = (place / 1_000_000, place % 1_000_000);
                let known = latest.entry(shard).or_insert(place);
                *known = place.max(*known);
            }
        }
        latest
            .into_iter()
            .map(|(shard, (_, seq))| (u32::try_from(shard).unwrap(), u64::try_from(seq).unwrap()))
            .collect()
    }

    /// Waits until everything that was sent is in the file of the guild's owner.
    pub(super) async fn quiet(&self) {
        self.live().await;
        self.world.discord.quiet(PATIENCE).await.unwrap();
        wait::until_async("every cursor to be at the last frame sent", async || {
            let last: BTreeMap<u32, u64> = self
                .world
                .discord
                .with_ledger(|ledger| held(ledger).map(|one| (one.shard, one.last_seq())).collect());
            (self.cursors() == last).then_some(())
        })
        .await;
        wait::until_async("every forwarded frame to be at its owner", async || {
            (self.sum("SELECT count(*) FROM forward") == 0).then_some(())
        })
        .await;
    }

    /// Every message's row is at the guild's owner and nowhere else, as often as the ledger says: once.
    pub(super) fn assert_exact(&self, owners: &BTreeMap<i64, usize>) {
        let mut all = BTreeMap::new();
        for pod in self.pods_with_files() {
            for (message, reactions) in rows(
                &self.file(pod),
                "SELECT message_id, react_count FROM message_stats",
            ) {
                assert_eq!(all.insert(message, reactions), None, "{message} is at two pods");
            }
            for (guild, _) in rows(&self.file(pod), "SELECT DISTINCT guild_id, 0 FROM message_stats") {
                assert_eq!(owners.get(&guild), Some(&pod), "guild {guild}");
            }
        }
        assert_eq!(all, self.world.expected_stats());
        assert_eq!(self.sum("SELECT count(*) FROM dead_frame"), 0);
        assert_eq!(self.sum("SELECT count(*) FROM gap"), 0);
    }

    pub(super) fn identifies(&self) -> usize {
        self.world.discord.with_ledger(Ledger::identifies)
    }
}
