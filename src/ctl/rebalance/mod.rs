//! `modbotctl rebalance …`: who should own what, and making it so.

mod apply;
mod carry_out;
mod now;
mod plan;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Rebalance the fleet: plan which guilds should move, and move them
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    after_help = "Without a subcommand: plans, shows the plan, asks, and moves the guilds. The parts
are there one by one: a plan can be kept, read by somebody else, and applied if
the fleet is still as it was.

Examples:
  modbotctl rebalance
  modbotctl rebalance --yes --max-moves 20 --pause-budget 300ms
  modbotctl rebalance plan -o json > plan.json"
)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    now: now::NowArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    Plan(plan::Args),
    Apply(apply::Args),
}

impl Args {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self.command {
            None => self.now.run(context).await,
            Some(Command::Plan(args)) => args.run(context).await,
            Some(Command::Apply(args)) => args.run(context).await,
        }
    }
}
