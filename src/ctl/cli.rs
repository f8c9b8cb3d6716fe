//! The command line: every noun and verb.

use clap::{Parser, Subcommand};

use super::context::Context;
use super::exit::{self, ExitStatus};
use super::failure::Failure;
#[cfg(feature = "local")]
use super::local;
use super::printer::Color;
use super::{
    audit, bundle, completion, drill, guild, legacy, man, moves, outbox, pod, rebalance, replica, restore,
    session, shard, status, store, version,
};
use crate::runtime::build_info;

/// Operates a modbot fleet: gateway pods, and the guilds (Discord servers) that
/// each of them owns
#[derive(Debug, Parser)]
#[command(
    name = "modbotctl",
    version = build_info::long_version(),
    term_width = 80,
    after_help = after_help(),
    infer_long_args = false,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(super) struct Cli {
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Output",
        help = "Colours: auto, always or never; auto obeys NO_COLOR"
    )]
    pub(super) color: Color,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What can be asked for.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Status(status::Args),
    #[command(subcommand, alias = "pods")]
    Pod(pod::Command),
    #[command(subcommand, alias = "guilds")]
    Guild(guild::Command),
    #[command(subcommand, alias = "moves")]
    Move(moves::Command),
    Rebalance(rebalance::Args),
    #[command(subcommand, alias = "bundles")]
    Bundle(bundle::Command),
    #[command(subcommand, alias = "shards")]
    Shard(shard::Command),
    #[command(subcommand, alias = "replicas")]
    Replica(replica::Command),
    #[command(subcommand)]
    Restore(restore::Command),
    #[command(subcommand, alias = "drills")]
    Drill(drill::Command),
    #[command(subcommand, alias = "sessions")]
    Session(session::Command),
    #[command(subcommand)]
    Outbox(outbox::Command),
    #[command(subcommand, alias = "audits")]
    Audit(audit::Command),
    #[command(subcommand, alias = "stores")]
    Store(store::Command),
    #[command(subcommand)]
    Legacy(legacy::Command),
    #[cfg(feature = "local")]
    #[command(subcommand)]
    Local(local::Command),
    #[command(alias = "completions")]
    Completion(completion::Args),
    Man(man::Args),
    Version(version::Args),
}

impl Command {
    /// Runs the verb.
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self {
            Self::Status(args) => args.run(context).await,
            Self::Pod(command) => command.run(context).await,
            Self::Guild(command) => command.run(context).await,
            Self::Move(command) => command.run(context).await,
            Self::Rebalance(args) => args.run(context).await,
            Self::Bundle(command) => command.run(context).await,
            Self::Shard(command) => command.run(context).await,
            Self::Replica(command) => command.run(context).await,
            Self::Restore(command) => command.run(context).await,
            Self::Drill(command) => command.run(context).await,
            Self::Session(command) => command.run(context).await,
            Self::Outbox(command) => command.run(context).await,
            Self::Audit(command) => command.run(context).await,
            Self::Store(command) => command.run(context).await,
            Self::Legacy(command) => command.run(context).await,
            #[cfg(feature = "local")]
            Self::Local(command) => command.run(context).await,
            Self::Completion(args) => args.run(context),
            Self::Man(args) => args.run(context),
            Self::Version(args) => args.run(context).await,
        }
    }
}

fn after_help() -> String {
    let examples = "\
Where to begin:
  export MODBOT_STORE_URL=postgres://modbot@db.example/modbot
  modbotctl status                         the fleet on one screen
  modbotctl guild get 614601782152265748   who owns a guild
  modbotctl pod cordon pod-3 --dry-run     what would be done

Plurals work too (guilds list). Every list has -o json for programs.
A header names who says so: (config) is the config store's word, (pod) is what
the pod last reported to it.";
    format!("{examples}\n\n{}", exit::table())
}
