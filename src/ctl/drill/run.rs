//! `modbotctl drill run`

use std::path::PathBuf;
use std::time::Duration;

use super::view::DrilledView;
use crate::ctl::bucket::{BUCKET, BucketArgs};
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::progress::Bar;
use crate::domain::drill::{Limits, Owned};
use crate::domain::ids::PodId;
use crate::operations::drill::{DrillError, Drilled, Options, drill, junit};
use crate::operations::restore::Integrity;
use crate::runtime::clock::SystemClock;
use crate::runtime::files;
use crate::runtime::settings::duration;

/// Restore every shard to a scratch place and check what comes out
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each shard is restored as an emergency would restore it, looked through by
SQLite, held against what the config store says of its guilds, and deleted
again. Nothing else is written, and no pod notices. One shard at a time lies
in the scratch directory.

Exit code 7 if a shard cannot be restored, is damaged, lacks a guild, says
something of a guild that the store contradicts, or exceeds a limit.

Examples:
  modbotctl drill run --rto 10m --rpo 1m --junit drill.xml
  modbotctl drill run pod-3 --integrity full
  modbotctl drill run --without-store --replicas s3://backups/modbot"
)]
pub(in crate::ctl) struct Args {
    /// Only these pods (3, pod-3); without one all that have a replica or guilds
    #[arg(value_name = "POD", allow_negative_numbers = true)]
    pods: Vec<PodId>,
    /// The longest that a restore may take, as in 10m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    rto: Option<Duration>,
    /// The oldest that a restored state may be, as in 1m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    rpo: Option<Duration>,
    /// Where restored files lie meanwhile; the system's temporary directory
    /// without it
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// What SQLite checks in each result: none, quick or full
    #[arg(long, value_name = "LEVEL", default_value_t = Integrity::Quick)]
    integrity: Integrity,
    #[arg(
        long,
        value_name = "FILE",
        help = "Also write the result as JUnit XML, for CI"
    )]
    junit: Option<PathBuf>,
    /// Do not hold the guilds against the config store
    #[arg(long)]
    without_store: bool,
    /// Show no progress
    #[arg(long, help_heading = "Output")]
    no_progress: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bucket: BucketArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let bucket = self.bucket.open_all(None).await?;
        let owned = self.owned().await?;
        let options = Options {
            pods: self.pods.iter().copied().collect(),
            limits: Limits {
                rto: self.rto,
                rpo: self.rpo,
            },
            integrity: self.integrity,
            scratch: self.scratch.clone().unwrap_or_else(std::env::temp_dir),
        };
        let bar = Bar::new(self.no_progress);
        let drilled = drill(
            &bucket,
            owned.as_deref(),
            &options,
            &SystemClock,
            |pod| bar.of(pod),
            |progress| bar.tell(progress),
        )
        .await;
        bar.clear();
        let drilled = drilled.map_err(failure)?;
        if let Some(path) = &self.junit {
            files::write_atomic(path, junit(&drilled).as_bytes(), 0o644)
                .map_err(|error| Failure::new(ExitStatus::Failed, error))?;
        }
        let views: Vec<_> = drilled.iter().map(DrilledView::from).collect();
        context.render_without_store(self.output, BUCKET).list(&views)?;
        tell(context, &drilled)
    }

    async fn owned(&self) -> Result<Option<Vec<Owned>>, Failure> {
        if self.without_store {
            return Ok(None);
        }
        let store = self.store.open().await.map_err(|failure| {
            failure.hint("--without-store drills without asking the config store about the guilds")
        })?;
        let owners = store.ask(store.db.owners()).await?;
        if owners.stamp.recovering {
            let words = "the config store is recovering: who owns what is not settled";
            return Err(Failure::message(ExitStatus::Refused, words)
                .hint("wait until modbotctl status says that it is over, or give --without-store"));
        }
        let owned = owners.value.into_iter().map(|one| Owned {
            guild: one.guild,
            pod: one.pod,
            epoch: one.epoch,
            since_ms: one.since_ms,
            born: one.born,
        });
        Ok(Some(owned.collect()))
    }
}

/// Findings a shard may print; the rest is in the JSON document.
const SHOWN: usize = 10;

fn tell(context: &mut Context, drilled: &[Drilled]) -> Result<ExitStatus, Failure> {
    for one in drilled {
        for note in &one.notes {
            context.printer.warn(&format!("{}: {note}", one.pod))?;
        }
        for finding in one.findings.iter().take(SHOWN) {
            context.printer.warn(&format!("{}: {finding}", one.pod))?;
        }
        if let Some(more) = one.findings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            let words = format!("{}: and {more} more; -o json has them all", one.pod);
            context.printer.warn(&words)?;
        }
    }
    let failed = drilled.iter().filter(|one| !one.passed()).count();
    if failed == 0 {
        return Ok(ExitStatus::Done);
    }
    let words = format!("{failed} of {} shards failed the drill", drilled.len());
    writeln!(context.printer.stderr(), "{words}")?;
    Ok(ExitStatus::VerificationFailed)
}

fn failure(error: DrillError) -> Failure {
    match error {
        DrillError::Bucket(error) => Failure::from(error).while_doing("cannot drill"),
        DrillError::Scratch(_) => Failure::new(ExitStatus::Failed, error)
            .while_doing("cannot drill")
            .hint("--scratch names another directory"),
        DrillError::NoSuchPod(_) => {
            Failure::new(ExitStatus::NotFound, error).hint("modbotctl replica status lists the replicas")
        }
    }
}
