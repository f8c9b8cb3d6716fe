//! `modbotctl guild import`

use std::path::PathBuf;

use crate::ctl::actor;
use crate::ctl::bundle::FILE;
use crate::ctl::changed::ChangeView;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{OutputArgs, count};
use crate::ctl::progress::{RowsBar, on_a_thread};
use crate::domain::bundle::ImportPlan;
use crate::domain::ids::Epoch;
use crate::operations::guild_bundle::Import;
use crate::store::shard_db::bundle::{ImportedGuild, Pace};

/// Bring a bundle's guild into a shard's file and serve it from there
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For a shard that no pod has open. The rows go in as one transaction: all or
nothing. Every row is compared with the bundle's header before the guild is
served. Running it again changes nothing; a guild that lives in the shard
already is never overwritten.

The guild gets the epoch after the bundle's. A shard that gave the guild away at
a later epoch refuses older rows, unless --epoch says that they are wanted.

Examples:
  modbotctl guild import g614601782152265748.bundle --shard b.sqlite3 --dry-run
  modbotctl guild import g614601782152265748.bundle --shard b.sqlite3"
)]
pub(in crate::ctl) struct Args {
    /// The bundle
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The shard's file
    #[arg(long, value_name = "FILE")]
    shard: PathBuf,
    /// The epoch at which the guild will be served
    #[arg(long, value_name = "N", value_parser = epoch)]
    epoch: Option<Epoch>,
    /// In transactions of so many rows; an interrupted import goes on where it was
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u32).range(1..))]
    chunks: Option<u32>,
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

fn epoch(text: &str) -> Result<Epoch, std::num::ParseIntError> {
    text.parse().map(Epoch::new)
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let doing = format!("cannot import {}", self.bundle.display());
        let shard = self.shard.display().to_string();
        let import = Import {
            bundle: self.bundle,
            shard: self.shard,
            epoch: self.epoch,
            pace: self.chunks.map_or(Pace::AtOnce, Pace::Chunks),
            holder: format!(
                "modbotctl guild import (process {}, user {})",
                std::process::id(),
                actor::of_this_process()
            ),
        };
        let dry_run = self.dry_run;
        let bar = RowsBar::new("checking the shard and the bundle");
        let done = on_a_thread(move || {
            if dry_run {
                import.preview()
            } else {
                import.run(&mut |progress| bar.show(progress))
            }
        });
        let imported = done.await.map_err(|failure| failure.while_doing(doing))?;
        told(&imported, &shard, dry_run).print(&mut context.render_without_store(self.output, FILE))?;
        Ok(ExitStatus::Done)
    }
}

fn told(imported: &ImportedGuild, shard: &str, dry_run: bool) -> ChangeView {
    let (guild, epoch) = (imported.guild_id, imported.plan.epoch());
    let rows = count(imported.rows);
    let line = match imported.plan {
        ImportPlan::AlreadyThere { .. } => {
            format!("guild {guild} is in {shard} already, served at epoch {epoch}")
        }
        ImportPlan::Begin { .. } => format!("guild {guild}: {rows} rows in {shard}, served at epoch {epoch}"),
        ImportPlan::Resume { .. } => {
            format!(
                "guild {guild}: {rows} rows in {shard}, served at epoch {epoch} (an interrupted import went on)"
            )
        }
    };
    ChangeView {
        subject: format!("guild/{guild}"),
        action: "guild import",
        before: imported.plan.is_done().then(|| format!("epoch {epoch}")),
        after: format!("epoch {epoch}"),
        changed: !imported.plan.is_done(),
        dry_run,
        doubt: None,
        line,
    }
}
