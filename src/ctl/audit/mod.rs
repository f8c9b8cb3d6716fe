//! `modbotctl audit …`: who did what, why.

mod list;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// The audit: who changed what, when and why
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "ls")]
    List(list::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
        }
    }
}
