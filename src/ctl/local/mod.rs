//! `modbotctl local …`: modbot on this machine.

mod demo;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// modbot on this machine, for trying it out; touches no fleet
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    Demo(demo::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Demo(args) => args.run(context).await,
        }
    }
}
