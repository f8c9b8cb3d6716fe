//! `modbotctl outbox …`: actions at Discord that are open, or will not be done.

mod change;
mod drop;
mod list;
mod retry;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// The outbox: actions at Discord that are open, or that will not be done
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "ls")]
    List(list::Args),
    Retry(retry::Args),
    #[command(alias = "rm")]
    Drop(drop::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Retry(args) => args.run(context).await,
            Self::Drop(args) => args.run(context).await,
        }
    }
}
