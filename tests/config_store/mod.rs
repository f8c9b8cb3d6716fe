//! The config store by itself, over a real PostgreSQL: what its transactions promise.

mod changes;
mod fleet;
mod guards;
mod placing;
mod recovery;
mod schema;
mod sessions;

use std::time::Duration;

use modbot::domain::ids::{GuildId, Incarnation, PodId};
use modbot::store::config_db::{Attach, By, ConfigDb};

pub(crate) const TTL: Duration = Duration::from_mins(1);

pub(crate) fn by(actor: &str) -> By {
    By {
        actor: actor.into(),
        reason: "a test".into(),
        dry_run: false,
    }
}

pub(crate) fn pod(n: u32) -> PodId {
    PodId::new(n).unwrap()
}

pub(crate) fn guild(n: u64) -> GuildId {
    GuildId::new(n).unwrap()
}

/// What a pod with an empty volume says at its first start.
pub(crate) fn hello(n: u32) -> Attach {
    Attach {
        pod: pod(n),
        api_url: format!("http://gateway-{n}.test:8081"),
        capacity: 100,
        zone: String::new(),
        version: "test".into(),
        boot_id: format!("boot-{n}"),
        volume_lineage: None,
    }
}

/// Starts a pod for `ttl`; its incarnation.
pub(crate) async fn start(db: &ConfigDb, n: u32, ttl: Duration) -> Incarnation {
    let attached = db.attach(&hello(n), ttl, TTL).await.unwrap();
    attached.value.assignment.incarnation
}
