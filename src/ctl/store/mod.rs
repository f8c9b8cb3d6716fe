//! `modbotctl store …`: the config store itself.

mod migrate;
mod status;
mod view;
mod waive;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// The config store: its schema, and how it is
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    Migrate(migrate::Args),
    Status(status::Args),
    Waive(waive::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Migrate(args) => args.run(context).await,
            Self::Status(args) => args.run(context).await,
            Self::Waive(args) => args.run(context).await,
        }
    }
}
