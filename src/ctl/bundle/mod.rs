//! `modbotctl bundle …`: guilds as files.

mod inspect;
mod verify;
mod view;

pub(super) use view::print;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// The witness of what a file says.
pub(super) const FILE: &str = "file";

/// Bundles: one guild as a file, to carry, keep and compare
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "get")]
    Inspect(inspect::Args),
    Verify(verify::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Inspect(args) => args.run(context).await,
            Self::Verify(args) => args.run(context).await,
        }
    }
}
