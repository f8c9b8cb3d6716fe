//! Carrying a plan out while somebody watches.

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::moves::MoveView;
use crate::ctl::progress::MovesBar;
use crate::domain::planner::Plan;
use crate::operations::consent::Authority;
use crate::operations::guild_move::Mover;
use crate::operations::rebalance::{Applied, Applying, apply};
use crate::runtime::error_chain::Chain;
use crate::runtime::settings::time_limit;

/// How a plan is carried out.
#[derive(Debug, Args)]
pub(super) struct HowArgs {
    /// Moves at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=64))]
    at_once: u16,
    /// How long each guild may stand still
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time_limit)]
    pause_budget: Duration,
}

impl HowArgs {
    pub(super) fn applying(&self) -> Applying {
        Applying {
            at_once: self.at_once.into(),
            pause_budget: self.pause_budget,
        }
    }
}

/// Moves the plan's guilds, with a line for each as it ends. Ctrl-C once finishes the moves under way.
pub(super) async fn carry_out(
    context: &mut Context,
    mover: &Mover,
    plan: &Plan,
    how: Applying,
    authority: &Authority,
) -> Result<ExitStatus, Failure> {
    let (stop, total) = (CancellationToken::new(), plan.moves.len());
    let bar = MovesBar::new(total);
    let mut on = |applied: &Applied| bar.ended(&line(applied));
    let mut applying = Box::pin(apply(mover, plan, how, authority, &stop, &mut on));
    let _own = crate::ctl::interrupts::own();
    let mut interrupts =
        signal(SignalKind::interrupt()).map_err(|error| Failure::new(ExitStatus::Failed, error))?;
    let applied = loop {
        tokio::select! {
            applied = &mut applying => break applied,
            _ = interrupts.recv() => {
                if stop.is_cancelled() {
                    let stopped = "interrupted: moves are under way";
                    return Err(Failure::message(ExitStatus::Interrupted, stopped)
                        .hint("modbot-config goes on with them; `modbotctl move list --active` shows them"));
                }
                stop.cancel();
                bar.say("finishing the moves under way; once more stops at once");
            }
        }
    };
    drop(applying);
    bar.clear();
    let done = applied.iter().filter(|it| it.is_done()).count();
    writeln!(context.printer.stdout(), "{done} of {total} guilds moved")?;
    Ok(match (done == total, stop.is_cancelled()) {
        (true, _) => ExitStatus::Done,
        (false, true) => ExitStatus::Interrupted,
        (false, false) => ExitStatus::Partial,
    })
}

fn line(applied: &Applied) -> String {
    match &applied.ended {
        Ok(driven) => MoveView::from(&driven.row).line(),
        Err(error) => format!(
            "guild {} stays on {}: {}",
            applied.planned.guild,
            applied.planned.src,
            Chain(error)
        ),
    }
}
