//! `modbotctl pod …`: the gateway pods.

mod cordon;
mod drain;
mod get;
mod list;
mod uncordon;
mod view;

pub(super) use view::PodView;

use clap::Subcommand;

use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;

/// Gateway pods: list them, close, open and empty them
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(super) enum Command {
    #[command(alias = "ls")]
    List(list::Args),
    Get(get::Args),
    Cordon(cordon::Args),
    Uncordon(uncordon::Args),
    Drain(drain::Args),
}

impl Command {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Get(args) => args.run(context).await,
            Self::Cordon(args) => args.run(context).await,
            Self::Uncordon(args) => args.run(context).await,
            Self::Drain(args) => args.run(context).await,
        }
    }
}
