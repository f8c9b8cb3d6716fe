//! `modbotctl replica points`

use super::view::PointView;
use crate::ctl::bucket::{BUCKET, BucketArgs, ReplicaPlace};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::operations::restore::{ReadLimits, points};

/// List every state of a shard that can be restored, and what is missing
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A point is restored with --txid, or with --at and a time later than its own and
not later than the next one's.

Example:
  modbotctl replica points pod-3"
)]
pub(in crate::ctl) struct Args {
    /// The shard's pod (3, pod-3), or the URL of its replica
    #[arg(value_name = "POD|URL", allow_negative_numbers = true)]
    replica: ReplicaPlace,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let bucket = self.bucket.open(&self.replica).await?;
        let lineages = points(&bucket, &ReadLimits::default())
            .await
            .map_err(Failure::from)?;
        let views: Vec<_> = lineages.iter().flat_map(PointView::all).collect();
        context.render_without_store(self.output, BUCKET).list(&views)?;
        for lineage in &lineages {
            for gap in &lineage.gaps {
                context.printer.warn(&format!(
                    "{}: the transactions {} are missing",
                    lineage.place, gap.missing
                ))?;
            }
            for damaged in &lineage.damaged {
                context.printer.warn(&damaged.to_string())?;
            }
        }
        Ok(ExitStatus::Done)
    }
}
