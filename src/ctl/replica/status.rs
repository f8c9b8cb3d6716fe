//! `modbotctl replica status`

use super::view::StatusView;
use crate::ctl::bucket::{BUCKET, BucketArgs, ReplicaPlace};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::operations::restore::status;

/// Show every replica: newest transaction, its age, images, gaps and size
#[derive(Debug, clap::Args)]
#[command(
    after_help = "One listing of the bucket, nothing is read. Times are the store's. An idle
database makes no transactions: its age grows and nothing is wrong.

Examples:
  modbotctl replica status
  modbotctl replica status s3://backups/modbot -o json"
)]
pub(in crate::ctl) struct Args {
    /// One pod (3, pod-3) or a URL; without it the whole fleet
    #[arg(value_name = "POD|URL", allow_negative_numbers = true)]
    replica: Option<ReplicaPlace>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let bucket = self.bucket.open_all(self.replica.as_ref()).await?;
        let replicas = status(&bucket).await.map_err(Failure::from)?;
        let views: Vec<_> = replicas.iter().map(StatusView::from).collect();
        context.render_without_store(self.output, BUCKET).list(&views)?;
        for replica in &replicas {
            if let Some(broken) = replica.ltx.as_ref().and_then(|ltx| ltx.broken.as_ref()) {
                context.printer.warn(&format!(
                    "{}: the newest state cannot be restored: {broken}",
                    replica.place
                ))?;
            }
        }
        Ok(ExitStatus::Done)
    }
}
