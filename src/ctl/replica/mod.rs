//! `modbotctl replica …`: what Litestream keeps of the shards.

mod points;
mod status;
mod verify;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Replicas: what is kept of each shard, and what can be restored
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "list", alias = "ls")]
    Status(status::Args),
    Points(points::Args),
    Verify(verify::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Status(args) => args.run(context).await,
            Self::Points(args) => args.run(context).await,
            Self::Verify(args) => args.run(context).await,
        }
    }
}
