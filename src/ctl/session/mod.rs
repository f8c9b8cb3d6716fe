//! `modbotctl session …`: gateway sessions with Discord.

mod beside;
mod list;
mod view;

pub(super) use beside::SessionBeside;
pub(super) use view::SessionView;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Gateway sessions with Discord: which pod hosts which Discord shard
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
