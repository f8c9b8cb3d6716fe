//! `modbotctl drill …`: proving that the shards can be restored.

mod run;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Restore drills: prove that every shard can be had back
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    Run(run::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Run(args) => args.run(context).await,
        }
    }
}
