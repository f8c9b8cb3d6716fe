//! A split goes into a fleet: its guilds into the config store, its rows into the pods' files, its users into
//! PostgreSQL.
//!
//! The order is what makes it repeatable. The pods' new files are staged and compared with the manifest first. Then
//! one change of the store claims every guild, as served before: from there on nobody places a guild elsewhere, and
//! no pod begins one anew, however this ends. Only then do rows appear under the claimed epochs. Each step finds what
//! an earlier run has done and passes over it.

mod bring_in;
mod error;
mod prepare;
mod users;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use uuid::Uuid;

pub use error::LoadError;
pub use prepare::{Part, Prepared, Way, prepare};
pub use users::UsersReport;

use crate::domain::ids::{Epoch, GuildId, PodId};
use crate::operations::consent::Authority;
use crate::operations::legacy::progress::Progress;
use crate::store::config_db::{ClaimState, ClaimedGuild, ConfigDb, LegacyClaim, Stamped};

/// What to load, and where to.
#[derive(Debug, Clone)]
pub struct Request {
    /// What `split` made.
    pub directory: PathBuf,
    /// Each pod's file; the pods are those of the split.
    pub targets: Vec<(PodId, PathBuf)>,
    /// Whether pods of the split may be left for another run.
    pub partly: bool,
    /// Where copies may go that are only read.
    pub scratch: PathBuf,
    /// Who loads, for whoever finds a file taken.
    pub holder: String,
}

/// What loading came to, or would come to.
#[derive(Debug, Clone)]
pub struct Report {
    /// Pod by pod.
    pub parts: Vec<PartReport>,
    /// Pods of the split that were not named.
    pub left: Vec<PodId>,
    /// Guilds that the store had not seen.
    pub new_guilds: u64,
    /// The portal's accounts.
    pub users: UsersReport,
}

/// One pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartReport {
    /// Which.
    pub pod: PodId,
    /// Its file.
    pub file: PathBuf,
    /// How its rows come there.
    pub way: Way,
    /// Its guilds in the split.
    pub guilds: u64,
    /// Their rows.
    pub rows: u64,
    /// Guilds that were there already.
    pub already: u64,
    /// Guilds that have moved to another pod since an earlier run.
    pub moved_on: u64,
}

impl Report {
    /// Whether every row and user of the named pods is in the fleet.
    pub fn is_whole(&self) -> bool {
        self.users.left_out.is_empty()
    }

    /// Whether there was nothing to do.
    pub fn is_unchanged(&self) -> bool {
        self.new_guilds == 0
            && self.users.added == 0
            && self.parts.iter().all(|part| part.way == Way::Nothing)
    }
}

/// Guilds with the epochs they are to be served at, by guild.
type Claims = BTreeMap<GuildId, ClaimedGuild>;

/// Says what loading would do, by doing the store's part and taking it back. Users are not looked at.
pub async fn preview(
    db: &ConfigDb,
    prepared: &Prepared,
    authority: &Authority,
) -> Result<Stamped<Report>, LoadError> {
    let stamped = claim(db, prepared, authority).await?;
    prepared.expect_store(stamped.stamp.position.store_id)?;
    let users = UsersReport {
        total: prepared.users,
        ..UsersReport::default()
    };
    Ok(stamped.map(|claims| prepared.report(&claims, users)))
}

/// Loads. Repeating it changes nothing; after a failure or a kill it goes on where it was.
pub async fn run(
    db: &ConfigDb,
    prepared: Prepared,
    authority: &Authority,
    progress: Arc<dyn Progress + Send>,
) -> Result<Stamped<Report>, LoadError> {
    let store = db.stamp().await?.position.store_id;
    prepared.expect_store(store)?;
    let prepared = Arc::new(prepared);
    let staged = {
        let (prepared, progress) = (Arc::clone(&prepared), Arc::clone(&progress));
        in_a_thread(move || bring_in::stage(&prepared, store, &*progress)).await?
    };
    let stamped = claim(db, &prepared, authority).await?;
    let claims = Arc::new(stamped.value);
    let brought = {
        let (prepared, claims, progress) =
            (Arc::clone(&prepared), Arc::clone(&claims), Arc::clone(&progress));
        in_a_thread(move || bring_in::bring_in(&prepared, staged, &claims, store, &*progress)).await
    };
    brought.map_err(LoadError::unfinished)?;
    let users = users::load(db, Arc::clone(&prepared), authority, progress)
        .await
        .map_err(LoadError::unfinished)?;
    Ok(Stamped {
        value: prepared.report(&claims, users),
        stamp: stamped.stamp,
    })
}

async fn claim(
    db: &ConfigDb,
    prepared: &Prepared,
    authority: &Authority,
) -> Result<Stamped<Claims>, LoadError> {
    let guilds: Vec<(GuildId, PodId)> = prepared
        .parts
        .iter()
        .flat_map(|part| part.guilds.iter().map(|facts| (facts.guild, part.pod)))
        .collect();
    let idle: Vec<PodId> = prepared
        .parts
        .iter()
        .filter(|part| part.way != Way::Nothing)
        .map(|part| part.pod)
        .collect();
    let claim = LegacyClaim {
        split: prepared.split,
        num_shards: prepared.manifest.num_shards,
        epoch: prepared.epoch(),
        guilds: &guilds,
        idle: &idle,
    };
    let Stamped { value, stamp } = db.claim_legacy_guilds(&claim, authority.by()).await?;
    let claimed = value.map_err(LoadError::Exist)?;
    let value = claimed
        .into_iter()
        .map(|claimed| (claimed.guild, claimed))
        .collect();
    Ok(Stamped { value, stamp })
}

impl Prepared {
    /// The epoch of a guild's first owner in the fleet: the one after the old bot's.
    pub fn epoch(&self) -> Epoch {
        self.manifest.epoch.next()
    }

    /// Refuses files that belong to another fleet.
    fn expect_store(&self, ours: Uuid) -> Result<(), LoadError> {
        let ours = ours.to_string();
        for part in &self.parts {
            if let Some(theirs) = part.store.as_ref().filter(|theirs| **theirs != ours) {
                return Err(LoadError::OtherFleet {
                    file: part.target.clone(),
                    theirs: theirs.clone(),
                    ours,
                });
            }
        }
        Ok(())
    }

    fn report(&self, claims: &Claims, users: UsersReport) -> Report {
        let parts = self.parts.iter().map(|part| {
            let count = |test: &dyn Fn(&ClaimedGuild) -> bool| {
                let claimed = part.guilds.iter().filter_map(|facts| claims.get(&facts.guild));
                claimed.filter(|claimed| test(claimed)).count() as u64
            };
            PartReport {
                pod: part.pod,
                file: part.target.clone(),
                way: part.way,
                guilds: part.guilds.len() as u64,
                rows: part.guilds.iter().map(|facts| facts.rows).sum(),
                already: part.here.len() as u64,
                moved_on: count(&|claimed| claimed.state == ClaimState::MovedOn),
            }
        });
        let is_new =
            |claimed: &&ClaimedGuild| matches!(claimed.state, ClaimState::New | ClaimState::Assigned);
        Report {
            parts: parts.collect(),
            left: self.left.clone(),
            new_guilds: claims.values().filter(is_new).count() as u64,
            users,
        }
    }
}

/// Work on files, away from the threads that answer.
async fn in_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, LoadError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| LoadError::Panicked)?
}
