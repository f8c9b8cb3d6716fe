//! `modbotctl move …`: moves of guilds, under way and past.

mod abort;
mod get;
mod list;
mod resume;
mod run;
mod view;

pub(super) use run::{carry_out, failed};
pub(super) use view::MoveView;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Moves of guilds: see them, go on with them, give them up
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "ls")]
    List(list::Args),
    Get(get::Args),
    Resume(resume::Args),
    Abort(abort::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Get(args) => args.run(context).await,
            Self::Resume(args) => args.run(context).await,
            Self::Abort(args) => args.run(context).await,
        }
    }
}
