//! Importing a bundle into a shard: in one transaction, or in chunks that can be interrupted and go on.

use std::path::Path;
use std::sync::{Arc, mpsc};

use super::delta_apply::{self, Place};
use super::error::BundleError;
use super::export::{CHUNK, CopyProgress, SHARD};
use super::import_steps::{self, Target};
use super::open::Bundle;
use super::upgrade::Upgraded;
use crate::domain::bundle::{
    BundleHeader, ImportPlan, ImportRefusal, ImportTarget, check_readable, plan_import,
};
use crate::domain::digest::GuildDigest;
use crate::domain::ids::{Epoch, GuildId, MoveId};
use crate::store::shard_db::open::scratch;
use crate::store::shard_db::{CURRENT_SCHEMA, OpenError, ShardDb, WriteError, WriteTx, fence_rows, uri};

/// Rows deleted in one transaction of an import in chunks.
const CLEAR_ROWS: usize = 1_000;

/// How the rows go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// All in one transaction: the whole import is there or none of it. Holds the writer for its whole length.
    AtOnce,
    /// At most so many rows a transaction; the writer serves others in between. An interrupted import goes on
    /// where it was.
    Chunks(u32),
}

/// Under which fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportAs {
    /// The epoch at which the guild will be served.
    pub epoch: Epoch,
    /// For which move.
    pub move_id: MoveId,
    /// The number of the command that began it.
    pub freeze_no: u64,
}

/// What an import by hand ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedGuild {
    /// The guild.
    pub guild_id: GuildId,
    /// The epoch at which it is served.
    pub epoch: Epoch,
    /// Its rows.
    pub rows: u64,
    /// Their digest.
    pub digest: GuildDigest,
    /// What there was to do.
    pub plan: ImportPlan,
}

/// Why an import did not happen or did not end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file's state or the bundle's does not allow it.
    #[error("guild {guild} was not imported")]
    Refused {
        /// The guild.
        guild: GuildId,
        /// Why.
        #[source]
        refusal: ImportRefusal,
    },
    /// The bundle cannot be used.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The rows that came in are not those that were promised.
    #[error("the rows imported are not those of the bundle's header: {difference}")]
    Differs {
        /// The first difference.
        difference: String,
    },
    /// A bundle of changes does not follow on what is here.
    #[error("the changes follow on round {since}, but the copy here has {}",
            .here.map_or("not all rows yet".to_owned(), |round| format!("those up to round {round}")))]
    RoundsMissing {
        /// The round it follows on.
        since: u64,
        /// The round that is here.
        here: Option<u64>,
    },
    /// A write failed.
    #[error("the import was not written")]
    Write(#[source] WriteError),
}

impl From<WriteError> for ImportError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Rejected(own) => match own.downcast::<Self>() {
                Ok(own) => *own,
                Err(other) => Self::Write(WriteError::Rejected(other)),
            },
            other => Self::Write(other),
        }
    }
}

/// Imports a bundle by hand: judges, brings the rows in, compares, starts. Repeating it changes nothing. Blocking.
pub fn import(
    db: &ShardDb,
    bundle: &Path,
    epoch: Option<Epoch>,
    pace: Pace,
    on_progress: &mut dyn FnMut(CopyProgress),
) -> Result<ImportedGuild, ImportError> {
    let bundle = Bundle::open(bundle)?;
    let guild = bundle.header().guild_id;
    let refused = |refusal| ImportError::Refused { guild, refusal };
    check_readable(bundle.header(), CURRENT_SCHEMA).map_err(refused)?;
    if pace != Pace::AtOnce {
        // In one transaction a wrong row takes everything back; in many it must be found before the first.
        bundle.verify()?;
    }
    let upgraded = Upgraded::of(bundle, db.path())?;
    let header = upgraded.bundle().header();
    let plan = plan(db, header, epoch)?;
    let (fresh, freeze_no) = match plan {
        ImportPlan::AlreadyThere { .. } => return Ok(imported(header, plan)),
        ImportPlan::Begin { freeze_no, .. } => (true, freeze_no),
        ImportPlan::Resume { freeze_no, .. } => (false, freeze_no),
    };
    let import_as = ImportAs {
        epoch: plan.epoch(),
        move_id: by_hand(header),
        freeze_no,
    };
    let import = Import::attach(db, upgraded.bundle(), import_as)?;
    match pace {
        Pace::AtOnce => import.at_once(fresh, on_progress)?,
        Pace::Chunks(rows) => import.in_chunks(fresh, rows, on_progress)?,
    }
    Ok(imported(header, plan))
}

/// What an import by hand would do. Reads every row of the bundle, and the shard's file without opening it for writing.
pub fn preview(shard: &Path, bundle: &Path, epoch: Option<Epoch>) -> Result<ImportedGuild, ImportError> {
    let bundle = Bundle::open(bundle)?;
    let guild = bundle.header().guild_id;
    let refused = |refusal| ImportError::Refused { guild, refusal };
    check_readable(bundle.header(), CURRENT_SCHEMA).map_err(refused)?;
    bundle.verify()?;
    // An older bundle is migrated as an import would, away from the shard.
    let scratch_file = std::env::temp_dir().join(format!("modbot-{}", std::process::id()));
    let upgraded = Upgraded::of(bundle, &scratch_file)?;
    let header = upgraded.bundle().header();
    let shard = super::export::absolute(shard)?;
    super::export::version_of(&shard)?;
    let sqlite = |source| BundleError::from(OpenError::from_sqlite(&shard, source));
    let connection = scratch().map_err(sqlite)?;
    uri::attach_read_only(&connection, &shard, SHARD).map_err(sqlite)?;
    let fence = fence_rows::read_from(&connection, SHARD, guild).map_err(sqlite)?;
    let begun = import_steps::begun(&connection, guild).map_err(sqlite)?;
    let target = ImportTarget {
        fence: fence.as_ref(),
        begun,
    };
    let plan = plan_import(header, target, epoch).map_err(refused)?;
    Ok(imported(header, plan))
}

fn plan(db: &ShardDb, header: &BundleHeader, epoch: Option<Epoch>) -> Result<ImportPlan, ImportError> {
    let guild = header.guild_id;
    let (fence, begun) = db
        .read(|connection| {
            Ok((
                fence_rows::read(connection, guild)?,
                import_steps::begun(connection, guild)?,
            ))
        })
        .map_err(ImportError::Write)?;
    let target = ImportTarget {
        fence: fence.as_ref(),
        begun,
    };
    plan_import(header, target, epoch).map_err(|refusal| ImportError::Refused { guild, refusal })
}

fn imported(header: &BundleHeader, plan: ImportPlan) -> ImportedGuild {
    ImportedGuild {
        guild_id: header.guild_id,
        epoch: plan.epoch(),
        rows: header.tables.rows(),
        digest: header.tables.total(),
        plan,
    }
}

/// Brings a guild in for a move, under the fence that its prepare raised, and compares it; it is not served yet. The
/// digest is over this program's schema, whatever the bundle's. Blocking.
pub fn stage(db: &ShardDb, bundle: Bundle, import_as: ImportAs) -> Result<GuildDigest, ImportError> {
    let guild = bundle.header().guild_id;
    check_readable(bundle.header(), CURRENT_SCHEMA)
        .map_err(|refusal| ImportError::Refused { guild, refusal })?;
    let upgraded = Upgraded::of(bundle, db.path())?;
    Import::attach(db, upgraded.bundle(), import_as)?.stage()
}

/// The id of an import by hand: the bundle's own, so that an interrupted one recognises itself.
fn by_hand(header: &BundleHeader) -> MoveId {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&header.seal().as_bytes()[..16]);
    MoveId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A bundle attached to the writing connection, being brought in step by step. Dropped, it is detached; the rows
/// stay under the fence `importing` until it goes on or is aborted.
#[derive(Debug)]
pub struct Import<'d> {
    db: &'d ShardDb,
    header: Arc<BundleHeader>,
    target: Target,
    schema: Arc<str>,
}

impl<'d> Import<'d> {
    /// Attaches a bundle of this program's schema. Blocking, as every step is.
    pub fn attach(db: &'d ShardDb, bundle: &Bundle, import_as: ImportAs) -> Result<Self, ImportError> {
        let header = bundle.header();
        let schema: Arc<str> = format!("bundle_{}", header.guild_id).into();
        let (path, name) = (bundle.path().to_owned(), Arc::clone(&schema));
        db.writer()
            .exclusive_blocking(move |connection| Ok(uri::attach_read_only(connection, &path, &name)?))?;
        Ok(Self {
            db,
            header: Arc::new(header.clone()),
            target: Target {
                guild: header.guild_id,
                epoch: import_as.epoch,
                move_id: import_as.move_id,
                freeze_no: import_as.freeze_no,
            },
            schema,
        })
    }

    /// Raises the fence to `importing`.
    pub fn begin(&self) -> Result<(), ImportError> {
        let (target, header, now) = (self.target, Arc::clone(&self.header), self.db.clock().unix_ms());
        self.write("begin an import", move |tx| {
            import_steps::begin(tx, &target, &header, now)
        })
    }

    /// Deletes what an earlier stay left, in batches. Does nothing once copying has begun.
    pub fn clear(&self) -> Result<(), ImportError> {
        let target = self.target;
        let clear = move |tx: &WriteTx<'_>| {
            Ok(import_steps::is_clear(tx.shard(), target.guild)?
                || import_steps::clear(tx, &target, CLEAR_ROWS)?)
        };
        while !self.write("clear before an import", clear)? {}
        Ok(())
    }

    /// Brings in the next rows, at most `limit`, in one transaction: the table and how many; `None` when all are in.
    pub fn copy_some(&self, limit: u32) -> Result<Option<(&'static str, u64)>, ImportError> {
        let (target, counter, schema) = (self.target, self.db.counter().clone(), Arc::clone(&self.schema));
        self.write("import rows", move |tx| {
            import_steps::copy(tx, &target, &counter, &schema, limit)
        })
    }

    /// Brings a bundle of changes in, at most `limit` keys in one transaction. Changes that are in already are passed
    /// over; changes that do not follow on what is here are refused.
    pub fn apply_delta(&self, limit: u32) -> Result<(), ImportError> {
        let target = self.target;
        let mut place = Place::START;
        loop {
            let (counter, schema, header) = (
                self.db.counter().clone(),
                Arc::clone(&self.schema),
                Arc::clone(&self.header),
            );
            let next = self.write("apply changes", move |tx| {
                if import_steps::delta_is_in(tx, &target, &header)? {
                    return Ok(None);
                }
                let next = delta_apply::apply_some(tx, &target, &counter, &schema, &place, limit.max(1))?;
                if next.is_none() {
                    import_steps::delta_done(tx, &target, &header)?;
                }
                Ok(next)
            })?;
            match next {
                Some(next) => place = next,
                None => return Ok(()),
            }
        }
    }

    /// Brings the last bundle of changes in, compares the guild's digest and writes both into the fence: one
    /// transaction. Repeating it changes nothing.
    pub fn apply_and_verify(&self) -> Result<GuildDigest, ImportError> {
        let (target, header) = (self.target, Arc::clone(&self.header));
        let (counter, schema) = (self.db.counter().clone(), Arc::clone(&self.schema));
        self.write("apply the last changes", move |tx| {
            if !import_steps::delta_is_in(tx, &target, &header)? {
                let mut place = Some(Place::START);
                while let Some(at) = place {
                    place = delta_apply::apply_some(tx, &target, &counter, &schema, &at, u32::MAX)?;
                }
                import_steps::delta_done(tx, &target, &header)?;
            }
            import_steps::verify(tx, &target, &header)
        })
    }

    /// Compares what is in with the header and writes that into the fence.
    pub fn verify(&self) -> Result<GuildDigest, ImportError> {
        let (target, header) = (self.target, Arc::clone(&self.header));
        self.write("verify an import", move |tx| {
            import_steps::verify(tx, &target, &header)
        })
    }

    /// Brings everything in, in place of whatever an earlier stay or an earlier freeze left, compares, and writes that
    /// into the fence: one transaction, the whole import or none of it. The fence says importing already, for this
    /// very move.
    pub fn stage(&self) -> Result<GuildDigest, ImportError> {
        let (target, header, now) = (self.target, Arc::clone(&self.header), self.db.clock().unix_ms());
        let (counter, schema) = (self.db.counter().clone(), Arc::clone(&self.schema));
        self.write("import a moved guild", move |tx| {
            import_steps::expect(tx, &target, &header, now)?;
            import_steps::clear(tx, &target, usize::MAX)?;
            while import_steps::copy(tx, &target, &counter, &schema, CHUNK)?.is_some() {}
            import_steps::verify(tx, &target, &header)
        })
    }

    /// Starts serving what was verified.
    pub fn start(&self, digest: GuildDigest) -> Result<(), ImportError> {
        let target = self.target;
        self.write("start an imported guild", move |tx| {
            import_steps::start(tx, &target, digest)
        })
    }

    fn in_chunks(
        &self,
        fresh: bool,
        rows: u32,
        on_progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), ImportError> {
        if fresh {
            self.begin()?;
        }
        self.clear()?;
        let mut copied = self.rows_so_far()?;
        while let Some((table, more)) = self.copy_some(rows.max(1))? {
            copied += more;
            on_progress(CopyProgress {
                table,
                rows: copied,
                total: Some(self.header.tables.rows()),
            });
        }
        let digest = self.verify()?;
        self.start(digest)
    }

    /// Rows that earlier runs brought in.
    fn rows_so_far(&self) -> Result<u64, ImportError> {
        let guild = self.target.guild;
        self.db
            .read(|connection| Ok(import_steps::digests(connection, guild)?.rows()))
            .map_err(ImportError::Write)
    }

    fn at_once(&self, fresh: bool, on_progress: &mut dyn FnMut(CopyProgress)) -> Result<(), ImportError> {
        let (target, header, now) = (self.target, Arc::clone(&self.header), self.db.clock().unix_ms());
        let (counter, schema) = (self.db.counter().clone(), Arc::clone(&self.schema));
        let (tell, told) = mpsc::channel();
        let work = move |tx: &WriteTx<'_>| {
            if fresh {
                import_steps::begin(tx, &target, &header, now)?;
            }
            if !import_steps::is_clear(tx.shard(), target.guild)? {
                import_steps::clear(tx, &target, usize::MAX)?;
            }
            while let Some(copied) = import_steps::copy(tx, &target, &counter, &schema, CHUNK)? {
                // Whoever listens may have gone.
                let _ = tell.send(copied);
            }
            let digest = import_steps::verify(tx, &target, &header)?;
            import_steps::start(tx, &target, digest)
        };
        let (mut copied, total) = (self.rows_so_far()?, Some(self.header.tables.rows()));
        let show = || {
            for (table, more) in told {
                copied += more;
                on_progress(CopyProgress {
                    table,
                    rows: copied,
                    total,
                });
            }
        };
        Ok(self.db.writer().write_watched("import a guild", work, show)?)
    }

    fn write<T: Send + 'static>(
        &self,
        what: &'static str,
        work: impl FnOnce(&WriteTx<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, ImportError> {
        Ok(self.db.writer().write_blocking(what, work)?)
    }
}

impl Drop for Import<'_> {
    fn drop(&mut self) {
        let schema = Arc::clone(&self.schema);
        self.db.writer().exclusive_soon(move |connection| {
            if let Err(error) = connection.execute_batch(&format!("DETACH {schema}")) {
                tracing::warn!(error = %error, schema = &*schema, "a bundle was not detached");
            }
        });
    }
}
