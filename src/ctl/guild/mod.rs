//! `modbotctl guild …`: Discord servers and who owns them.

mod assign;
mod export;
mod get;
mod import;
mod list;
mod move_to;
mod pin;
mod unpin;
mod view;

pub(super) use move_to::report;
pub(super) use view::GuildView;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Guilds (Discord servers): who owns which; assign, move and pin them
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "ls")]
    List(list::Args),
    Get(get::Args),
    Assign(assign::Args),
    Move(move_to::Args),
    Pin(pin::Args),
    Unpin(unpin::Args),
    Export(export::Args),
    Import(import::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Get(args) => args.run(context).await,
            Self::Assign(args) => args.run(context).await,
            Self::Move(args) => args.run(context).await,
            Self::Pin(args) => args.run(context).await,
            Self::Unpin(args) => args.run(context).await,
            Self::Export(args) => args.run(context).await,
            Self::Import(args) => args.run(context).await,
        }
    }
}
