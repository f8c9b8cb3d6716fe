//! PostgreSQL is put back to an older copy while the daemons run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use modbot::client::config_api::{ConfigApi, FenceInfo, FencesRequest, TicketRequest};
use modbot::domain::fence::FenceMode;
use modbot::domain::ids::{Epoch, GuildId, Incarnation, NumShards, PodId};
use modbot::runtime::service_auth::Role;
use tokio_util::task::AbortOnDropHandle;

use crate::support::config::{attach, caller, command, guilds, heartbeat, pod, replica};
use crate::support::daemon::Daemon;
use crate::support::postgres::{TestDb, migrate, own_server};
use crate::support::wait;

/// A pretended pod: it beats all the time, and knows its fences.
struct Pod {
    id: PodId,
    incarnation: Incarnation,
    api: ConfigApi,
    fences: BTreeMap<GuildId, Epoch>,
    /// What the last answered heartbeat said: must it report its fences?
    asked: Arc<AtomicBool>,
    _beating: AbortOnDropHandle<()>,
}

impl Pod {
    async fn start(replica: &Daemon, ordinal: u32) -> Self {
        let (api, id) = (caller(replica, Role::Pod), pod(ordinal));
        let incarnation = attach(&api, id).await.assignment.incarnation;
        let asked = Arc::new(AtomicBool::new(false));
        let beating = tokio::spawn(beat(api.clone(), id, incarnation, Arc::clone(&asked)));
        Self {
            id,
            incarnation,
            api,
            fences: BTreeMap::new(),
            asked,
            _beating: AbortOnDropHandle::new(beating),
        }
    }

    async fn wait_until_asked(&self, wanted: bool) {
        let what = format!("{} is asked for its fences: {wanted}", self.id);
        wait::until_async(&what, async || {
            (self.asked.load(Ordering::SeqCst) == wanted).then_some(())
        })
        .await;
    }

    async fn report(&self) {
        let fences = self.fences.iter().map(|(guild, epoch)| FenceInfo {
            guild: *guild,
            epoch: *epoch,
            mode: FenceMode::Serving,
        });
        let report = FencesRequest {
            incarnation: self.incarnation,
            known_revision: self.api.known().unwrap().revision,
            fences: fences.collect(),
            sessions: Vec::new(),
        };
        self.api.report_fences(self.id, &report).await.unwrap();
    }
}

async fn beat(api: ConfigApi, id: PodId, incarnation: Incarnation, asked: Arc<AtomicBool>) {
    loop {
        let beat = heartbeat(incarnation, api.known().unwrap().revision);
        // While PostgreSQL is away there is no answer; it goes on beating.
        if let Ok(answer) = api.heartbeat(id, &beat).await {
            asked.store(answer.value.report_fences, Ordering::SeqCst);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Places guilds and gives each owner its fence.
async fn place(api: &ConfigApi, guilds: &[GuildId], pods: &mut [Pod]) {
    for placed in api.place(guilds).await.unwrap().value.placed {
        let owner = pods.iter_mut().find(|pod| pod.id == placed.pod).unwrap();
        owner.fences.insert(placed.guild, placed.epoch);
    }
}

async fn is_recovering(api: &ConfigApi) -> bool {
    api.pods().await.unwrap().stamp.recovering
}

/// What is known is answered; nothing new, no ticket.
async fn check_nothing_is_handed_out(http: &ConfigApi, pod: &Pod, known: GuildId, new: &[GuildId]) {
    let impatient = http.clone().with_call_time(Duration::ZERO);
    let refused = impatient.place(new).await.unwrap_err();
    assert_eq!(
        (refused.status(), refused.code()),
        (Some(503), Some("recovering"))
    );
    let ask = TicketRequest {
        pod: pod.id,
        incarnation: pod.incarnation,
        discord_shard: known.discord_shard(NumShards::DEFAULT),
        host_epoch: Epoch::new(1),
    };
    assert_eq!(pod.api.ticket(&ask).await.unwrap_err().code(), Some("recovering"));
    assert!(http.guild(known).await.unwrap().unwrap().stamp.recovering);
}

/// Every guild is with the pod that served it, at an epoch above all seen, to be raised from its fence.
async fn check_epochs(pods: &[Pod], expected: usize) {
    let mut owned = 0;
    for pod in pods {
        let assignment = pod.api.assignment(pod.id, pod.incarnation).await.unwrap().value;
        for guild in &assignment.guilds {
            let fence = pod.fences[&guild.guild];
            assert!(guild.epoch.get() > 1_000_000 && guild.epoch > fence, "{guild:?}");
            assert_eq!((guild.raise_from, &guild.trouble), (Some(fence), &None));
            owned += 1;
        }
    }
    assert_eq!(
        owned, expected,
        "the guilds of the lost history are back with those who serve them"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_handed_out_until_all_have_reported_and_every_epoch_is_above_all_seen() {
    let mut server = own_server();
    let url = server.url("postgres");
    migrate(&url).await;
    let start = || Daemon::start(command(&url).env("MODBOT_LEASE_TTL", "4s")).ready();
    let replicas = [start(), start()];
    let http = caller(&replicas[1], Role::Http);
    let mut pods = Vec::new();
    for ordinal in 0..3 {
        pods.push(Pod::start(&replicas[0], ordinal).await);
    }
    let all = guilds(100, 3);
    place(&http, &all[..50], &mut pods).await;
    let copy = server.save_copy().unwrap();
    wait::until_async("ready again", async || {
        (replicas[1].readiness() == Some(200)).then_some(())
    })
    .await;

    // What will be lost: fifty guilds, and a guild that has come far since.
    place(&http, &all[50..], &mut pods).await;
    let travelled = *pods[2].fences.keys().next().unwrap();
    pods[2].fences.insert(travelled, Epoch::new(9));
    let before = http.known().unwrap().revision;

    server.put_back(&copy).unwrap();
    for replica in &replicas {
        wait::until_async("answering", async || {
            (replica.readiness() == Some(200)).then_some(())
        })
        .await;
    }
    // One replica is told by its caller, the other by its own memory or the store.
    wait::until_async("recovering", async || is_recovering(&http).await.then_some(())).await;
    assert!(is_recovering(&pods[0].api).await);

    let new = guilds(1, 99);
    check_nothing_is_handed_out(&http, &pods[0], all[0], &new).await;
    // Two of three report: it goes on recovering, through several more looks after the lease time is over.
    for pod in &pods {
        pod.wait_until_asked(true).await;
    }
    for pod in &pods[..2] {
        pod.report().await;
        pod.wait_until_asked(false).await;
    }
    let looks = |replica: &Daemon| replica.loop_status("finish-recovery")["runs"].as_u64().unwrap();
    let seen = looks(&replicas[0]);
    wait::until_async("more looks than a lease time holds", async || {
        (looks(&replicas[0]) > seen + 25).then_some(())
    })
    .await;
    assert!(is_recovering(&http).await);

    pods[2].report().await;
    wait::until_async("recovered", async || (!is_recovering(&http).await).then_some(())).await;
    assert!(
        http.known().unwrap().revision > before,
        "no revision is used twice"
    );
    check_epochs(&pods, all.len()).await;
    pods[2].wait_until_asked(false).await;
    assert_eq!(http.place(&new).await.unwrap().value.placed.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_believed_caller_that_has_seen_more_makes_the_store_recover() {
    let db = TestDb::migrated();
    let replica = replica(&db.url());
    let api = caller(&replica, Role::Http);
    let mut seen = api.pods().await.unwrap().stamp;
    assert!(!seen.recovering);
    // One revision that this replica, and the store, have never had.
    seen.position.revision = seen.position.revision.next();
    api.remember(&seen.position);
    assert!(api.pods().await.unwrap().stamp.recovering);
    // Everybody else is told so too.
    assert!(is_recovering(&caller(&replica, Role::Operator)).await);
}
