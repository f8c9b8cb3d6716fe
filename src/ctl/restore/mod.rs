//! `modbotctl restore …`: getting data back.

mod shard;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Restore from replicas
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    Shard(shard::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Shard(args) => args.run(context).await,
        }
    }
}
