//! `modbotctl rebalance …`: who should own what, and making it so.

mod apply;
mod plan;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Rebalance the fleet: plan which guilds should move, and move them
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Plan(args) => args.run(context).await,
            Self::Apply(args) => args.run(context).await,
        }
    }
}
