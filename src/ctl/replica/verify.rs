//! `modbotctl replica verify`

use super::view::VerifiedView;
use crate::ctl::bucket::{BUCKET, BucketArgs, ReplicaPlace};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::progress::Bar;
use crate::operations::restore::{ReadLimits, Verified, verify};

/// Read everything that a shard's replica holds and check it; nothing is written
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit code 7 if an object is damaged or transactions are missing. What only a
restore shows is checked by restoring: a checksum says that a file is what
Litestream wrote, not that Litestream wrote the right thing.

Example:
  modbotctl replica verify pod-3"
)]
pub(in crate::ctl) struct Args {
    /// The shard's pod (3, pod-3), or the URL of its replica
    #[arg(value_name = "POD|URL", allow_negative_numbers = true)]
    replica: ReplicaPlace,
    /// Show no progress
    #[arg(long, help_heading = "Output")]
    no_progress: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let bucket = self.bucket.open(&self.replica).await?;
        let bar = Bar::new(self.no_progress);
        let verified = verify(&bucket, ReadLimits::default(), |progress| bar.tell(progress)).await;
        bar.clear();
        let verified = verified.map_err(Failure::from)?;
        let views: Vec<_> = verified.iter().map(VerifiedView::from).collect();
        context.render_without_store(self.output, BUCKET).list(&views)?;
        for words in verified.iter().flat_map(problems) {
            context.printer.warn(&words)?;
        }
        if verified.iter().all(Verified::is_whole) {
            Ok(ExitStatus::Done)
        } else {
            Ok(ExitStatus::VerificationFailed)
        }
    }
}

fn problems(verified: &Verified) -> Vec<String> {
    let place = verified.place;
    let damaged = verified
        .damaged
        .iter()
        .map(|object| format!("{} {}", object.key, object.what));
    let gaps = verified.gaps.iter();
    let gaps = gaps.map(|gap| format!("{place}: no whole file holds the transactions {}", gap.missing));
    let holes = verified.holes.iter().map(|hole| format!("{place}: {hole}"));
    damaged.chain(gaps).chain(holes).collect()
}
