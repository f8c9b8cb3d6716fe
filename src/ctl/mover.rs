//! A driver of moves in this process.

use std::time::Duration;

use clap::Args;

use super::connection::Store;
use super::failure::Failure;
use super::pods::PodArgs;
use crate::domain::guild_move::Limits;
use crate::operations::guild_move::{Mover, MoverSettings};
use crate::runtime::settings::duration;

/// Another driver takes a move up when this one has been silent for so long.
const LEASE: Duration = Duration::from_secs(15);
/// An import takes as long as its rows do.
const LEAST_STEP: Duration = Duration::from_secs(30);

/// How to drive moves.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct MoverArgs {
    #[command(flatten)]
    pods: PodArgs,
    #[arg(
        long,
        env = "MODBOT_MOVE_KEEP",
        hide_env = true,
        value_name = "TIME",
        default_value = "1h",
        value_parser = duration,
        help = "How long the source keeps its rows after a move\n[env: MODBOT_MOVE_KEEP]"
    )]
    keep: Duration,
}

impl MoverArgs {
    /// A driver of moves in this process.
    pub(super) fn mover(&self, store: &Store) -> Result<Mover, Failure> {
        let pods = self.pods.needed()?;
        let pods = pods.with_time(self.pods.timeout().max(LEAST_STEP));
        let settings = MoverSettings {
            name: format!(
                "modbotctl-{}-{}",
                super::actor::of_this_process(),
                std::process::id()
            ),
            lease: LEASE,
            limits: Limits::default(),
            keep: self.keep,
        };
        Ok(Mover::new(store.db.clone(), pods, settings))
    }
}
