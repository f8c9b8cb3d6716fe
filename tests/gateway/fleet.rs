//! Two pods and two replicas of config: each frame takes effect once, at the guild's owner.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use modbot::domain::ids::{DiscordShardId, GuildId, NumShards, PodId};
use modbot::runtime::service_auth::Role;
use modbot::simulator::{Fault, Ledger, Load, Mix, Target};
use modbot::store::config_db::{By, ConfigDb};

use super::{PATIENCE, World, held, number_of, rows};
use crate::support::config::{attach_request, caller, command, key};
use crate::support::daemon::{Daemon, free_address, get};
use crate::support::postgres::{TestDb, open};
use crate::support::process::Running;
use crate::support::wait;

const SHARDS: u32 = 4;

pub(super) struct Fleet {
    pub(super) world: World,
    pub(super) db: TestDb,
    pub(super) configs: Vec<Daemon>,
    config_urls: Vec<String>,
    pub(super) pod_addresses: Vec<String>,
    hold: &'static str,
}

pub(super) fn messages(seed: u64) -> Load {
    Load {
        seed,
        mix: Mix::MESSAGES,
        ..Load::default()
    }
}

impl Fleet {
    /// Two replicas of config over a store of four Discord shards, and a Discord that takes nobody yet.
    pub(super) async fn start(guilds: usize, hold: &'static str) -> Self {
        let world = World::start(guilds, SHARDS).await;
        world.discord.fault(Fault::RefuseConnections);
        let db = TestDb::empty();
        let store = open(&db.url());
        store.migrate(NumShards::new(SHARDS).unwrap()).await.unwrap();
        store.close().await;
        let mut fleet = Self {
            world,
            db,
            configs: Vec::new(),
            config_urls: (0..2).map(|_| format!("http://{}", free_address())).collect(),
            pod_addresses: (0..2).map(|_| free_address()).collect(),
            hold,
        };
        fleet.start_configs();
        fleet
    }

    pub(super) fn start_configs(&mut self) {
        let start = |url: &String| {
            let mut config = command(&self.db.url());
            config
                .env("MODBOT_LISTEN", url.strip_prefix("http://").unwrap())
                .env("MODBOT_SESSION_HOLD", self.hold);
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
        open(&self.db.url())
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

    /// Gives every second guild to the pod that does not host its Discord shard, the others to the one that does.
    pub(super) async fn assign_across(
        &self,
        hosts: &BTreeMap<DiscordShardId, PodId>,
    ) -> BTreeMap<i64, usize> {
        let store = self.store();
        let mut owners = BTreeMap::new();
        for (number, view) in self.world.discord.guilds().iter().enumerate() {
            let guild = GuildId::new(view.id.0).unwrap();
            let host = hosts[&guild.discord_shard(NumShards::new(SHARDS).unwrap())].get();
            let owner = if number % 2 == 0 { 1 - host } else { host };
            store
                .assign(guild, PodId::new(owner).unwrap(), &By::daemon("test"))
                .await
                .unwrap();
            owners.insert(number_of(view.id), owner as usize);
        }
        owners
    }

    /// A number from every pod's file, added up.
    pub(super) fn sum(&self, sql: &str) -> i64 {
        (0..2)
            .filter(|pod| self.file(*pod).exists())
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
        for pod in (0..2).filter(|pod| self.file(*pod).exists()) {
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
        for pod in (0..2).filter(|pod| self.file(*pod).exists()) {
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

#[tokio::test(flavor = "multi_thread")]
async fn guilds_owned_off_their_host_get_every_frame_once_through_kills_of_either_side() {
    let fleet = Fleet::start(8, "1h").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 60);
    for (seed, killed) in (2..).zip([0, 1, 0, 1]) {
        pods[killed].kill9();
        discord.burst(&messages(seed), 40);
        pods[killed] = fleet.pod(killed);
        discord.burst(&messages(seed + 100), 20);
        Fleet::attached(&mut pods[killed]);
        fleet.live().await;
    }
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize, "all else was resumed");
    let forwarded = fleet.sum("SELECT count(*) FROM forward_mark WHERE seq > 0");
    assert!(forwarded >= 3, "{forwarded} guilds were forwarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_hears_what_each_guild_costs_its_owner() {
    let fleet = Fleet::start(3, "1h").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 90);
    fleet.quiet().await;
    let store = fleet.store();
    for (guild, owner) in owners {
        let guild = GuildId::from_i64(guild).unwrap();
        let load = wait::until_async("the guild's load to be known", async || {
            let row = store.guild(guild).await.unwrap().value.unwrap();
            (row.bytes > 0 && row.events_per_s > 0.0).then_some(row)
        })
        .await;
        assert_eq!(load.pod.get() as usize, owner);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_its_owner_does_not_take_is_set_aside_and_those_behind_it_arrive() {
    let fleet = Fleet::start(2, "1h").await;
    let small = |pod| {
        let mut command = fleet.pod_command(pod);
        Running::start(command.env("MODBOT_MAX_BODY", "2KiB"))
    };
    let mut pods = [small(0), small(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    // The first frame of the guild that is forwarded says all about it, and is larger than that.
    let dead = "SELECT count(*) FROM dead_frame WHERE error LIKE '%MODBOT_MAX_BODY%'";
    assert_eq!(fleet.sum(dead), 1);
    assert_eq!(fleet.sum("SELECT count(*) FROM dead_frame"), 1);
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 40);
    assert_eq!(owners.len(), 2);
    assert!(
        pods.iter_mut()
            .any(|pod| pod.stdout().contains("it becomes a dead frame")),
        "the host says so"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_a_stopping_pod_let_go_are_resumed_by_another_and_nothing_is_missed() {
    let fleet = Fleet::start(6, "300ms").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    let discord = &fleet.world.discord;
    discord.fault(Fault::Clear);
    fleet.live().await;
    discord.burst(&messages(1), 40);
    fleet.quiet().await;
    pods[0].terminate();
    assert_eq!(pods[0].wait_exit().code(), Some(0), "{}", pods[0].stdout());
    discord.burst(&messages(2), 40);
    // After the hold the other pod has them all, and its own guilds go on.
    fleet.hosts(1).await;
    fleet.live().await;
    discord.burst(&messages(3), 20);
    pods[0] = fleet.pod(0);
    fleet.quiet().await;
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize, "all else was resumed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_no_session_is_dealt_to_is_ready_and_says_so() {
    let fleet = Fleet::start(1, "1h").await;
    let mut first = fleet.pod(0);
    Fleet::attached(&mut first);
    // A Discord shard with a session stays where it is.
    fleet.hosts(1).await;
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    let mut second = fleet.pod(1);
    let line = second.wait_for_line("the first log line", |line| line.contains("\"starting\""));
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let url = format!("http://{}/readyz?verbose", line["admin_listen"].as_str().unwrap());
    let checks = wait::until("the pod without sessions to be ready", || {
        get(&url).filter(|(status, _)| *status == 200)
    });
    assert!(
        checks.1.contains("[+]sessions ok: no sessions dealt"),
        "{}",
        checks.1
    );
    assert!(checks.1.contains("[+]attached ok"), "{}", checks.1);
    let hosts = fleet.hosts(1).await;
    assert!(hosts.values().all(|host| host.get() == 0), "{hosts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_pod_goes_on_without_config_and_a_starting_one_waits_for_it() {
    let mut fleet = Fleet::start(4, "1h").await;
    let mut pod = fleet.pod(0);
    Fleet::attached(&mut pod);
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    fleet.world.discord.burst(&messages(1), 20);
    fleet.quiet().await;
    fleet.configs.clear();
    pod.wait_for_line("config to be missed", |line| line.contains("config is silent"));
    fleet.world.discord.burst(&messages(2), 20);
    fleet.quiet().await;
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 40);
    // Killed and started again while config is away: it may be somebody else's turn by now, so it does nothing.
    pod.kill9();
    fleet.world.noticed_gone().await;
    let resumes = fleet.world.discord.with_ledger(Ledger::resumes);
    let mut pod = fleet.pod(0);
    pod.wait_for_line("the pod to wait", |line| {
        line.contains("a starting pod serves nothing")
    });
    fleet.world.discord.burst(&messages(3), 20);
    assert_eq!(fleet.world.discord.with_ledger(Ledger::resumes), resumes);
    fleet.start_configs();
    Fleet::attached(&mut pod);
    fleet.quiet().await;
    let owners = fleet.world.discord.guilds();
    let owners = owners.iter().map(|view| (number_of(view.id), 0)).collect();
    fleet.assert_exact(&owners);
    assert_eq!(fleet.identifies(), SHARDS as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_place_was_taken_drops_its_sessions_and_writes_nothing_more() {
    let fleet = Fleet::start(4, "1h").await;
    let mut pod = fleet.pod(0);
    Fleet::attached(&mut pod);
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    fleet.world.discord.burst(&messages(1), 20);
    fleet.quiet().await;
    // Another process attaches as this pod, on the same machine: from elsewhere it would have to wait for the lease.
    let api = caller(&fleet.configs[1], Role::Pod);
    let pod_0 = PodId::new(0).unwrap();
    let mut request = attach_request(pod_0);
    request.boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap()
        .trim()
        .to_owned();
    api.attach(pod_0, &request).await.unwrap();
    let line = pod.wait_for_line("the end of this life", |line| {
        line.contains("may not act any more")
    });
    assert!(line.contains("stale_incarnation"), "{line}");
    fleet.world.noticed_gone().await;
    fleet.world.discord.burst(&messages(2), 20);
    fleet
        .world
        .discord
        .fault(Fault::AskHeartbeat { target: Target::All });
    pod.terminate();
    assert_eq!(pod.wait_exit().code(), Some(0));
    assert_eq!(fleet.sum("SELECT count(*) FROM message_stats"), 20);
    let attempts = fleet.world.discord.with_ledger(|ledger| ledger.attempts.len());
    assert_eq!(attempts, SHARDS as usize, "it asked Discord for nothing more");
    let released = fleet.store().discord_shards().await.unwrap().value;
    assert!(
        released.iter().all(|row| row.host == PodId::new(0).ok()),
        "they are the new process's now"
    );
    assert!(pod.stdout().lines().count() < 200, "no loop of complaints");
}
