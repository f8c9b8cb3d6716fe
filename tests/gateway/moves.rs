//! A guild moves between two pods under load: stopped, fetched, flipped, served; each step by hand, as a driver would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use modbot::client::pod_api::{
    BundleSource, Custody, Forget, ForgetRequest, Forgotten, FreezeRequest, Frozen, GuildFence,
    ImportRequest, Imported, MoveRefusal, PodApi, PodApiError, PrepareRequest, Prepared, RetireRequest,
    ServeRequest,
};

use modbot::domain::fence::FenceMode;
use modbot::domain::ids::{Epoch, GuildId, MoveId, PodId};
use modbot::domain::move_step::MoveStep;
use modbot::runtime::clock::SystemClock;
use modbot::runtime::service_auth::{Role, SigningKey};
use modbot::simulator::Fault;
use modbot::store::config_db::{By, ConfigDb, MoveRow, NewMove};
use modbot::store::shard_db::CURRENT_SCHEMA;
use uuid::Uuid;

use super::fleet::{Fleet, messages};
use super::{number_of, rows};
use crate::support::config::key;
use crate::support::process::Running;
use crate::support::wait;

/// A driver by hand: the store's rows, and the pods' calls.
struct Driver {
    api: PodApi,
    store: ConfigDb,
    urls: Vec<String>,
}

/// A move that a driver carries out.
#[derive(Clone, Copy)]
struct Move {
    id: MoveId,
    guild: GuildId,
    src: usize,
    dst: usize,
    /// After the flip.
    epoch: Epoch,
    /// Freeze numbers begin here.
    base: u64,
}

impl Driver {
    fn new(fleet: &Fleet) -> Self {
        let key = SigningKey::new(Role::Operator, &key(Role::Operator));
        Self {
            api: PodApi::new(key, Duration::from_secs(20), Arc::new(SystemClock)).unwrap(),
            store: fleet.store(),
            urls: fleet
                .pod_addresses
                .iter()
                .map(|at| format!("http://{at}"))
                .collect(),
        }
    }

    fn by() -> By {
        By::daemon("test")
    }

    /// Writes the move down; `base` is above every number that an earlier move at this epoch has used.
    async fn plan(&self, guild: GuildId, dst: usize, base: u64) -> Move {
        let id = Uuid::new_v4();
        let new = NewMove {
            move_id: id,
            guild,
            dst: PodId::new(u32::try_from(dst).unwrap()).unwrap(),
            pause_budget_ms: 1000,
        };
        let row = self.store.plan_move(&new, &Self::by()).await.unwrap().value;
        Move {
            id: MoveId::new(id),
            guild,
            src: row.active.src.get() as usize,
            dst,
            epoch: row.active.epoch,
            base,
        }
    }

    async fn step(&self, one: &Move, from: MoveStep, to: MoveStep) -> MoveRow {
        let moved = self
            .store
            .advance_move(one.id.uuid(), from, to, &Self::by())
            .await;
        moved.unwrap().value
    }

    async fn flip(&self, one: &Move) {
        self.store.flip_move(one.id.uuid(), &Self::by()).await.unwrap();
    }

    async fn prepare(&self, one: &Move) -> Result<Prepared, PodApiError> {
        let request = PrepareRequest {
            move_id: one.id,
            epoch: one.epoch,
            freeze_no: one.base,
            schema: CURRENT_SCHEMA,
        };
        self.api.prepare(&self.urls[one.dst], one.guild, &request).await
    }

    fn freeze_request(one: &Move, number: u64) -> FreezeRequest {
        FreezeRequest {
            move_id: one.id,
            epoch: Epoch::new(one.epoch.get() - 1),
            freeze_no: one.base + number,
        }
    }

    async fn freeze(&self, one: &Move, number: u64) -> Result<Frozen, PodApiError> {
        let request = Self::freeze_request(one, number);
        self.api.freeze(&self.urls[one.src], one.guild, &request).await
    }

    async fn thaw(&self, one: &Move, number: u64) -> Result<GuildFence, PodApiError> {
        let request = Self::freeze_request(one, number);
        let thawed = self.api.thaw(&self.urls[one.src], one.guild, &request).await;
        thawed.map(|answer| answer.fence)
    }

    async fn import(&self, one: &Move, number: u64, frozen: &Frozen) -> Result<Imported, PodApiError> {
        let request = ImportRequest {
            move_id: one.id,
            epoch: one.epoch,
            freeze_no: one.base + number,
            source: BundleSource {
                pod: PodId::new(u32::try_from(one.src).unwrap()).unwrap(),
                api_url: self.urls[one.src].clone(),
            },
            digest: frozen.digest,
        };
        self.api.import(&self.urls[one.dst], one.guild, &request).await
    }

    async fn serve(&self, one: &Move, number: u64) -> Result<GuildFence, PodApiError> {
        let request = ServeRequest {
            move_id: one.id,
            epoch: one.epoch,
            freeze_no: one.base + number,
        };
        let served = self.api.serve(&self.urls[one.dst], one.guild, &request).await;
        served.map(|answer| answer.fence)
    }

    async fn retire(&self, one: &Move) -> Result<GuildFence, PodApiError> {
        let request = RetireRequest {
            move_id: one.id,
            epoch: one.epoch,
        };
        let retired = self.api.retire(&self.urls[one.src], one.guild, &request).await;
        retired.map(|answer| answer.fence)
    }

    async fn forget(&self, one: &Move, pod: usize, what: Forget) -> Result<Forgotten, PodApiError> {
        let request = ForgetRequest {
            move_id: one.id,
            epoch: one.epoch,
            what,
        };
        self.api.forget(&self.urls[pod], one.guild, &request).await
    }

    async fn fence(&self, pod: usize, guild: GuildId) -> Option<GuildFence> {
        match self.api.guild(&self.urls[pod], guild).await {
            Ok(report) => Some(report.fence),
            Err(PodApiError::Refused { status: 404, .. }) => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// From the plan to the verified copy at the target.
    async fn to_verified(&self, one: &Move) -> Frozen {
        self.prepare(one).await.unwrap();
        self.step(one, MoveStep::Planned, MoveStep::Prepared).await;
        self.step(one, MoveStep::Prepared, MoveStep::Frozen).await;
        let frozen = self.freeze(one, 1).await.unwrap();
        let imported = self.import(one, 1, &frozen).await.unwrap();
        assert_eq!(imported.fence.digest, Some(frozen.digest));
        assert_eq!(imported.rows, frozen.rows);
        assert_eq!(imported.fence.progress, frozen.cut);
        self.step(one, MoveStep::Frozen, MoveStep::Verified).await;
        frozen
    }
}

/// Why a step was refused.
fn refusal<T: std::fmt::Debug>(answer: Result<T, PodApiError>) -> MoveRefusal {
    let error = answer.expect_err("it should have been refused");
    let refusal = error.refusal().cloned();
    refusal.unwrap_or_else(|| panic!("{error:?}"))
}

/// A fleet of two pods with live sessions, every second guild owned off its host.
async fn started(guilds: usize) -> (Fleet, [Running; 2], BTreeMap<i64, usize>) {
    let fleet = Fleet::start(guilds, "1h").await;
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    (fleet, pods, owners)
}

fn guild_of(number: i64) -> GuildId {
    GuildId::from_i64(number).unwrap()
}

fn rows_of(fleet: &Fleet, pod: usize, guild: GuildId) -> i64 {
    let sql = format!("SELECT (SELECT count(*) FROM message_stats WHERE guild_id = {guild}), 0",);
    rows(&fleet.file(pod), &sql)[0].0
}

/// Everything that the source still has of guilds that were moved away goes, as a clean-up would.
async fn clean_up(driver: &Driver, one: &Move) {
    let held = Custody::Committed;
    let done = driver
        .forget(one, one.src, Forget::GivenAway { held })
        .await
        .unwrap();
    assert_eq!(done.left, 0);
    assert_eq!(done.fence.mode, FenceMode::Tombstone);
    // Again: nothing more to do, and the fence stays.
    let again = driver
        .forget(one, one.src, Forget::GivenAway { held })
        .await
        .unwrap();
    assert_eq!((again.deleted, again.left), (0, 0));
    assert_eq!(again.fence, done.fence);
}

#[tokio::test(flavor = "multi_thread")]
async fn guilds_move_both_ways_under_load_and_nothing_is_lost_or_done_twice() {
    let (fleet, _pods, mut owners) = started(6).await;
    let discord = &fleet.world.discord;
    let driver = Driver::new(&fleet);
    discord.burst(&messages(1), 60);
    fleet.quiet().await;
    let all: Vec<GuildId> = owners.keys().copied().map(guild_of).collect();
    for (seed, guild) in (2..).zip(all) {
        let (src, number) = (owners[&guild.as_i64()], guild.as_i64());
        let one = driver.plan(guild, 1 - src, 0).await;
        assert_eq!(one.src, src);
        driver.prepare(&one).await.unwrap();
        driver.step(&one, MoveStep::Planned, MoveStep::Prepared).await;
        discord.burst(&messages(seed), 30);
        driver.step(&one, MoveStep::Prepared, MoveStep::Frozen).await;
        let frozen = driver.freeze(&one, 1).await.unwrap();
        let stood = rows_of(&fleet, src, guild);
        // Frames that come now are kept by the session's host, whichever pod that is.
        discord.burst(&messages(seed + 100), 30);
        driver.import(&one, 1, &frozen).await.unwrap();
        driver.step(&one, MoveStep::Frozen, MoveStep::Verified).await;
        assert_eq!(
            rows_of(&fleet, src, guild),
            stood,
            "a frozen guild is not written"
        );
        driver.flip(&one).await;
        driver.serve(&one, 1).await.unwrap();
        driver.retire(&one).await.unwrap();
        discord.burst(&messages(seed + 200), 30);
        clean_up(&driver, &one).await;
        owners.insert(number, one.dst);
    }
    fleet.quiet().await;
    fleet.assert_exact(&owners);
}
