//! `modbotctl restore shard`

use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use jiff::Timestamp;

use super::view::RestoredView;
use crate::ctl::bucket::{BUCKET, BucketArgs, ReplicaPlace};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs};
use crate::ctl::progress::Bar;
use crate::domain::ltx::Txid;
use crate::domain::replica::LineageNo;
use crate::operations::restore::{Integrity, ReadLimits, Request, Wanted, restore};

/// Restore a shard's database from its replica into a new file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The newest state unless --at or --txid says otherwise. It is that state to the
byte, or an error that names what is in the way; never an older one. A time
gives the newest state from before it that can still be told apart.

Every checksum of what is read is verified. A damaged object is left out where
others hold the same, and named. The file gets its name when it is whole.

Examples:
  modbotctl restore shard pod-3 -o /tmp/pod-3.db
  modbotctl restore shard s3://backups/modbot/pod-3 -o pod-3.db \\
      --at 2026-11-21T19:30:00Z
  modbotctl replica points pod-3        what can be restored"
)]
pub(in crate::ctl) struct Args {
    /// The shard's pod (3, pod-3), or the URL of its replica
    #[arg(value_name = "POD|URL", allow_negative_numbers = true)]
    replica: ReplicaPlace,
    /// The file to write; it must not be there yet
    #[arg(short, long, value_name = "FILE", value_parser = output_file)]
    output: PathBuf,
    /// The newest state from before this time, as in 2026-11-21T19:30:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "txid")]
    at: Option<Timestamp>,
    /// The state of exactly this transaction
    #[arg(long, value_name = "TXID")]
    txid: Option<Txid>,
    /// Which of the pod's lineages; without it the newest that has the state
    #[arg(long, value_name = "N", value_parser = lineage)]
    lineage: Option<LineageNo>,
    /// Do nothing if the file is there already
    #[arg(long)]
    if_missing: bool,
    /// What SQLite checks in the result: none, quick or full
    #[arg(long, value_name = "LEVEL", default_value_t = Integrity::Quick)]
    integrity: Integrity,
    /// Print the result as a JSON document
    #[arg(long, help_heading = "Output")]
    json: bool,
    /// Show no progress
    #[arg(long, help_heading = "Output")]
    no_progress: bool,
    #[command(flatten)]
    bucket: BucketArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        if self.if_missing && self.output.symlink_metadata().is_ok() {
            writeln!(
                context.printer.stderr(),
                "{} is there already: nothing to do",
                self.output.display()
            )?;
            return Ok(ExitStatus::Done);
        }
        let doing = format!("cannot restore {}", self.output.display());
        let bucket = self.bucket.open(&self.replica).await?;
        let request = Request {
            wanted: self.wanted(),
            lineage: self.lineage,
            output: self.output.clone(),
            integrity: self.integrity,
            limits: ReadLimits::default(),
        };
        let bar = Bar::new(self.no_progress);
        let restored = restore(&bucket, &request, |progress| bar.tell(progress)).await;
        bar.clear();
        let restored = restored.map_err(|error| Failure::from(error).while_doing(doing))?;
        for note in &restored.notes {
            context.printer.warn(&note.to_string())?;
        }
        let view = RestoredView::new(&restored, &self.output, bucket.url());
        if let Some(words) = view.distance(self.at) {
            context.printer.warn(&words)?;
        }
        let output = OutputArgs {
            output: if self.json { Format::Json } else { Format::Table },
            no_headers: false,
        };
        let details = view.details(context.now_ms);
        let mut render = context.render_without_store(output, BUCKET);
        if self.json {
            render.single_json("Restored", &view)?;
        } else {
            render.details(&details)?;
        }
        Ok(ExitStatus::Done)
    }

    fn wanted(&self) -> Wanted {
        match (self.at, self.txid) {
            (Some(at), _) => Wanted::AsOf(at),
            (None, Some(txid)) => Wanted::Txid(txid),
            (None, None) => Wanted::Latest,
        }
    }
}

/// Everywhere else `-o` takes a form of output: those words are hardly meant as files.
fn output_file(text: &str) -> Result<PathBuf, String> {
    if Format::from_str(text, true).is_ok() {
        return Err(format!(
            "-o names the file to write here; for a file of that name write ./{text}, for a JSON result --json"
        ));
    }
    let path = Path::new(text);
    if path.file_name().is_none() {
        return Err("that is no file name".to_owned());
    }
    Ok(path.to_owned())
}

fn lineage(text: &str) -> Result<LineageNo, String> {
    let digits = text.strip_prefix("lineage-").unwrap_or(text);
    digits
        .parse()
        .map(LineageNo::new)
        .map_err(|_| "write its number, as in 2 or lineage-2".to_owned())
}
