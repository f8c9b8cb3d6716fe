//! The pod's API: looks at the file and the sessions for operators, steps of moves for their drivers, frames and bundles
//! between pods. Every call is signed.

mod frames;
mod guild;
mod looks;
mod moves;
mod outbox;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};

use super::fleet::Fleet;
use super::host::Host;
use crate::runtime::problem::Problem;
use crate::runtime::service_auth::{Guard, Role, require};
use crate::store::shard_db::{ShardDb, WriteError};

const OPERATORS: &[Role] = &[Role::Operator];
const PODS: &[Role] = &[Role::Pod];
const BOTH: &[Role] = &[Role::Pod, Role::Operator];

/// What the handlers work with. Clones are the same one.
#[derive(Clone)]
pub(super) struct Pod {
    db: Arc<ShardDb>,
    running: Arc<OnceLock<Running>>,
}

/// What is there once the pod knows what it is to do.
pub(super) struct Running {
    pub(super) host: Arc<Host>,
    pub(super) fleet: Option<Arc<Fleet>>,
}

impl Pod {
    /// Not running yet.
    pub(super) fn new(db: Arc<ShardDb>) -> Self {
        Self {
            db,
            running: Arc::default(),
        }
    }

    /// From now on calls are answered.
    pub(super) fn run(&self, running: Running) {
        // Set once, by whoever starts the pod.
        let _ = self.running.set(running);
    }

    fn running(&self) -> Result<&Running, Problem> {
        self.running.get().ok_or_else(|| {
            let soon = Duration::from_secs(1);
            Problem::unavailable(
                "not_attached",
                "this pod has not been told what it owns yet",
                soon,
            )
            .hint("a starting pod waits for modbot-config; a running one goes on without it")
        })
    }

    /// Reads beside the writer, off the async threads.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ShardDb) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, Problem> {
        let db = Arc::clone(&self.db);
        let done = tokio::task::spawn_blocking(move || work(&db)).await;
        done.map_err(|error| Problem::internal(&error))?
            .map_err(|error| Problem::internal(&error))
    }
}

/// All routes.
pub(super) fn router(pod: Pod, guard: &Guard) -> Router {
    let looks = Router::new()
        .route("/v1/health", get(looks::health))
        .route("/v1/fences", get(looks::fences))
        .route("/v1/queues", get(looks::queues))
        .route("/v1/outbox", get(outbox::list))
        .route("/v1/guilds/{guild}/outbox/{action}/retry", post(outbox::retry))
        .route("/v1/guilds/{guild}/outbox/{action}/drop", post(outbox::give_up))
        .route("/v1/guilds/{guild}", get(guild::report));
    let steps = Router::new()
        .route("/v1/guilds/{guild}/prepare", post(moves::prepare))
        .route("/v1/guilds/{guild}/freeze", post(moves::freeze))
        .route("/v1/guilds/{guild}/thaw", post(moves::thaw))
        .route("/v1/guilds/{guild}/import", post(moves::import))
        .route("/v1/guilds/{guild}/serve", post(moves::serve))
        .route("/v1/guilds/{guild}/retire", post(moves::retire))
        .route("/v1/guilds/{guild}/forget", post(moves::forget));
    let bundles = Router::new().route("/v1/guilds/{guild}/bundle", get(moves::bundle));
    let between_pods = Router::new().route("/v1/frames", post(frames::deliver));
    require(looks.merge(steps), guard, OPERATORS)
        .merge(require(bundles, guard, BOTH))
        .merge(require(between_pods, guard, PODS))
        .with_state(pod)
}
