//! `modbotctl shard …`: the pods' databases.

mod beside;
mod file_view;
mod inspect;
mod list;
mod view;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Shards: each pod's database, and the guilds in it
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "ls")]
    List(list::Args),
    #[command(alias = "get")]
    Inspect(inspect::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Inspect(args) => args.run(context).await,
        }
    }
}
