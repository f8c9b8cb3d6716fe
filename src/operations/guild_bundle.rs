//! A guild as a file: out of a shard's file, into another, looked at, verified. Works on files alone; no daemon is asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::bundle::BundleHeader;
use crate::domain::ids::{Epoch, GuildId};
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::files;
use crate::store::shard_db::bundle::{
    self, Bundle, BundleError, CopyProgress, ExportSource, ImportError, ImportedGuild, Pace,
};
use crate::store::shard_db::{Settings, ShardDb};

/// What a bundle says of itself, and its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleReport {
    /// Where it is.
    pub path: PathBuf,
    /// Its length, in bytes.
    pub bytes: u64,
    /// Its header.
    pub header: BundleHeader,
    /// Whether every row was read and compared with the header.
    pub verified: bool,
}

/// Reads a bundle's header. Blocking, as everything here.
pub fn inspect(path: &Path) -> Result<BundleReport, BundleError> {
    Ok(report(&Bundle::open(path)?, false))
}

/// Reads every page and row of a bundle and compares them with its header.
pub fn verify(path: &Path) -> Result<BundleReport, BundleError> {
    let bundle = Bundle::open(path)?;
    bundle.verify()?;
    Ok(report(&bundle, true))
}

fn report(bundle: &Bundle, verified: bool) -> BundleReport {
    BundleReport {
        path: bundle.path().to_owned(),
        bytes: bundle.bytes(),
        header: bundle.header().clone(),
        verified,
    }
}

/// An export to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The guild.
    pub guild: GuildId,
    /// The shard's file; it may be in use.
    pub shard: PathBuf,
    /// The bundle's place.
    pub to: PathBuf,
    /// Whether a bundle that is there may be replaced.
    pub replace: bool,
}

impl Export {
    /// Writes the guild's rows of one moment into a bundle.
    pub fn run(
        &self,
        clock: &dyn Clock,
        on_progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<BundleReport, BundleError> {
        let source = ExportSource {
            shard: &self.shard,
            guild: self.guild,
            now: clock.unix_ms(),
        };
        if self.replace && self.to.exists() {
            // What stands there must be a bundle: nothing else is ever overwritten.
            Bundle::open(&self.to)?;
            let new = beside(&self.to);
            files::remove_file(&new)?;
            bundle::export(source, &new, on_progress)?;
            files::rename(&new, &self.to)?;
        } else {
            bundle::export(source, &self.to, on_progress)?;
        }
        inspect(&self.to)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// An import to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The bundle.
    pub bundle: PathBuf,
    /// The shard's file; nobody else may have it open.
    pub shard: PathBuf,
    /// The epoch at which the guild will be served; `None`: the one after the bundle's.
    pub epoch: Option<Epoch>,
    /// How the rows go in.
    pub pace: Pace,
    /// Who imports, for whoever finds the shard taken.
    pub holder: String,
}

impl Import {
    /// Says what the import would do. Reads the whole bundle; opens the shard for reading only.
    pub fn preview(&self) -> Result<ImportedGuild, ImportError> {
        bundle::preview(&self.shard, &self.bundle, self.epoch)
    }

    /// Brings the guild in and serves it from then on. Repeating it changes nothing.
    pub fn run(&self, on_progress: &mut dyn FnMut(CopyProgress)) -> Result<ImportedGuild, ImportError> {
        let settings = Settings {
            check_pages: true,
            holder: self.holder.clone(),
            ..Settings::default()
        };
        let db = ShardDb::open(&self.shard, settings, Arc::new(SystemClock)).map_err(BundleError::from)?;
        bundle::import(&db, &self.bundle, self.epoch, self.pace, on_progress)
    }
}
