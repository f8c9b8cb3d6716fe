//! Guilds move between two pods: each step by hand, as a driver would take it.

mod driven;
mod faults;
mod fed_again;
mod lost_history;
mod rebalanced;
mod repeats;
mod under_load;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use modbot::client::pod_api::{
    BundleSource, Forget, ForgetRequest, Forgotten, FreezeRequest, Frozen, GuildFence, ImportRequest,
    Imported, MoveRefusal, PodApi, PodApiError, PrepareRequest, Prepared, RetireRequest, ServeRequest,
};

use modbot::domain::fence::FenceMode;
use modbot::domain::guild_move::{Cut, Write};
use modbot::domain::ids::{Epoch, GuildId, MoveId, PodId};
use modbot::domain::move_step::MoveStep;
use modbot::runtime::clock::SystemClock;
use modbot::runtime::service_auth::{Role, SigningKey};
use modbot::simulator::Fault;
use modbot::store::config_db::{By, ConfigDb, FlipOutcome, MoveRow, NewMove, WriteNote};
use modbot::store::shard_db::CURRENT_SCHEMA;

use super::fleet::Fleet;
use super::rows;
use crate::support::config::key;
use crate::support::process::Running;
use crate::support::wait;

/// A driver by hand: the store's rows, and the pods' calls.
pub(super) struct Driver {
    pub(super) api: PodApi,
    store: ConfigDb,
    pub(super) urls: Vec<String>,
}

/// A move that a driver carries out.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) id: MoveId,
    pub(super) guild: GuildId,
    pub(super) src: usize,
    pub(super) dst: usize,
    /// After the flip.
    pub(super) epoch: Epoch,
    /// Freeze numbers begin here.
    pub(super) base: u64,
}

impl Driver {
    pub(super) fn new(fleet: &Fleet) -> Self {
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

    pub(super) fn by() -> By {
        By::daemon("test")
    }

    /// Writes the move down.
    pub(super) async fn plan(&self, guild: GuildId, dst: usize) -> Move {
        let new = NewMove::of(guild, PodId::new(u32::try_from(dst).unwrap()).unwrap(), 1000);
        let id = new.move_id;
        let row = self.store.plan_move(&new, &Self::by()).await.unwrap().value;
        Move {
            id: MoveId::new(id),
            guild,
            src: row.active.src.get() as usize,
            dst,
            epoch: row.active.epoch,
            base: u64::from(row.active.freeze_no) + 1,
        }
    }

    pub(super) async fn step(&self, one: &Move, from: MoveStep, to: MoveStep) -> MoveRow {
        let row = self.store.get_move(one.id.uuid()).await.unwrap().value;
        assert_eq!(row.active.step, from);
        let why = String::new();
        let write = match (from, to) {
            (MoveStep::Planned, MoveStep::Prepared) => Write::Prepare,
            (_, MoveStep::Prepared) => Write::Thaw { why },
            (_, MoveStep::Frozen) => Write::Freeze,
            (_, MoveStep::Verified) => {
                let digest = self.fence(one.dst, one.guild).await.unwrap().digest.unwrap();
                Write::Verify(Cut { digest, rows: 0 })
            }
            _ => Write::Abort { why },
        };
        let stage = row.stage().unwrap();
        let moved = self
            .store
            .write_move(one.id.uuid(), stage, &write, WriteNote::default(), &Self::by())
            .await;
        let row = moved.unwrap().value;
        assert_eq!(row.active.step, to);
        row
    }

    pub(super) async fn flip(&self, one: &Move) {
        let outcome = self.try_flip(one).await;
        assert!(matches!(outcome, FlipOutcome::Row(_)), "{outcome:?}");
    }

    async fn try_flip(&self, one: &Move) -> FlipOutcome {
        let row = self.store.get_move(one.id.uuid()).await.unwrap().value;
        let stage = row.stage().unwrap();
        self.store
            .flip_move(one.id.uuid(), stage, &Self::by())
            .await
            .unwrap()
            .value
    }

    pub(super) async fn prepare(&self, one: &Move) -> Result<Prepared, PodApiError> {
        let request = PrepareRequest {
            move_id: one.id,
            epoch: one.epoch,
            freeze_no: one.base,
            schema: CURRENT_SCHEMA,
        };
        self.api.prepare(&self.urls[one.dst], one.guild, &request).await
    }

    pub(super) fn freeze_request(one: &Move, number: u64) -> FreezeRequest {
        FreezeRequest {
            move_id: one.id,
            epoch: Epoch::new(one.epoch.get() - 1),
            freeze_no: one.base + number,
        }
    }

    pub(super) async fn freeze(&self, one: &Move, number: u64) -> Result<Frozen, PodApiError> {
        let request = Self::freeze_request(one, number);
        self.api.freeze(&self.urls[one.src], one.guild, &request).await
    }

    pub(super) async fn thaw(&self, one: &Move, number: u64) -> Result<GuildFence, PodApiError> {
        let request = Self::freeze_request(one, number);
        let thawed = self.api.thaw(&self.urls[one.src], one.guild, &request).await;
        thawed.map(|answer| answer.fence)
    }

    pub(super) async fn import(
        &self,
        one: &Move,
        number: u64,
        frozen: &Frozen,
    ) -> Result<Imported, PodApiError> {
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

    pub(super) async fn serve(&self, one: &Move, number: u64) -> Result<GuildFence, PodApiError> {
        let request = ServeRequest {
            move_id: one.id,
            epoch: one.epoch,
            freeze_no: one.base + number,
        };
        let served = self.api.serve(&self.urls[one.dst], one.guild, &request).await;
        served.map(|answer| answer.fence)
    }

    pub(super) async fn retire(&self, one: &Move) -> Result<GuildFence, PodApiError> {
        let request = RetireRequest {
            move_id: one.id,
            epoch: one.epoch,
        };
        let retired = self.api.retire(&self.urls[one.src], one.guild, &request).await;
        retired.map(|answer| answer.fence)
    }

    pub(super) async fn forget(
        &self,
        one: &Move,
        pod: usize,
        what: Forget,
    ) -> Result<Forgotten, PodApiError> {
        let request = ForgetRequest {
            move_id: one.id,
            epoch: one.epoch,
            what,
        };
        self.api.forget(&self.urls[pod], one.guild, &request).await
    }

    /// The fence at a pod that may just be starting.
    pub(super) async fn fence(&self, pod: usize, guild: GuildId) -> Option<GuildFence> {
        wait::until_async("the pod to answer", async || {
            match self.api.guild(&self.urls[pod], guild).await {
                Ok(report) => Some(Some(report.fence)),
                Err(PodApiError::Refused { status: 404, .. }) => Some(None),
                Err(error) if error.is_passing() => None,
                Err(error) => panic!("{error:?}"),
            }
        })
        .await
    }

    /// Waits until the fences at target and source say so.
    pub(super) async fn wait_for(&self, one: &Move, dst: FenceMode, src: FenceMode) {
        wait::until_async("the fences of a moved guild", async || {
            let at_dst = self.fence(one.dst, one.guild).await?.mode;
            let at_src = self.fence(one.src, one.guild).await?.mode;
            ((at_dst, at_src) == (dst, src)).then_some(())
        })
        .await;
    }

    /// From the plan to the verified copy at the target.
    pub(super) async fn to_verified(&self, one: &Move) -> Frozen {
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
pub(super) async fn started(guilds: usize) -> (Fleet, [Running; 2], BTreeMap<i64, usize>) {
    started_over(Fleet::start(guilds, "1h").await).await
}

async fn started_over(fleet: Fleet) -> (Fleet, [Running; 2], BTreeMap<i64, usize>) {
    let mut pods = [fleet.pod(0), fleet.pod(1)];
    pods.iter_mut().for_each(Fleet::attached);
    let hosts = fleet.hosts(2).await;
    let owners = fleet.assign_across(&hosts).await;
    fleet.world.discord.fault(Fault::Clear);
    fleet.live().await;
    (fleet, pods, owners)
}

pub(super) fn guild_of(number: i64) -> GuildId {
    GuildId::from_i64(number).unwrap()
}

pub(super) fn rows_of(fleet: &Fleet, pod: usize, guild: GuildId) -> i64 {
    let sql = format!("SELECT (SELECT count(*) FROM message_stats WHERE guild_id = {guild}), 0");
    rows(&fleet.file(pod), &sql)[0].0
}
