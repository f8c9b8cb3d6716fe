//! `modbotctl rebalance apply`

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::view;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::mover::MoverArgs;
use crate::ctl::moves::MoveView;
use crate::domain::planner::Plan;
use crate::operations::rebalance::{self, Applied, Applying};
use crate::runtime::error_chain::Chain;
use crate::runtime::files;
use crate::runtime::settings::time_limit;

/// Carry a plan out: move its guilds, some at once
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Refused (exit code 3) where the fleet has changed since the plan was made: who owns
what, what takes guilds, what is pinned. Every prefix of a plan is good, so it may
be stopped (Ctrl-C: moves under way are finished) and planned anew.

Example:
  modbotctl rebalance plan -o json > plan.json && modbotctl rebalance apply plan.json"
)]
pub(in crate::ctl) struct Args {
    /// What `rebalance plan -o json` printed
    #[arg(value_name = "PLANFILE")]
    plan: PathBuf,
    /// Moves at once
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..=64))]
    at_once: u16,
    /// How long each guild may stand still
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = time_limit)]
    pause_budget: Duration,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pods: MoverArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Deserialize)]
struct Document {
    item: Plan,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let plan = self.read()?;
        let wanted = self.change.want(
            format!("move {} guilds", plan.moves.len()),
            "rebalance".to_owned(),
        )?;
        let store = self.store.open().await?;
        let snapshot = store.ask(rebalance::snapshot(&store.db)).await?;
        if snapshot.hash() != plan.inputs {
            let changed = "the fleet has changed since the plan was made";
            return Err(
                Failure::message(ExitStatus::Refused, changed).hint("modbotctl rebalance plan -o json")
            );
        }
        view::write(&plan, context.printer.stderr())?;
        if wanted.is_dry_run() {
            return Ok(ExitStatus::Done);
        }
        let mover = self.pods.mover(&store)?;
        let effect = format!("{} moves", plan.moves.len());
        let authority = wanted.agreed(&mut context.printer, effect).await?;
        let how = Applying {
            at_once: self.at_once.into(),
            pause_budget: self.pause_budget,
        };
        let (stop, total) = (CancellationToken::new(), plan.moves.len());
        let mut number = 0;
        let mut on = |applied: &Applied| {
            number += 1;
            // Where stderr is gone there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "{number}/{total} {}", line(applied));
        };
        let mut applying = Box::pin(rebalance::apply(&mover, &plan, how, &authority, &stop, &mut on));
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
                    let _ = writeln!(std::io::stderr(), "finishing the moves under way; once more stops at once");
                }
            }
        };
        let done = applied.iter().filter(|it| it.is_done()).count();
        writeln!(context.printer.stdout(), "{done} of {total} guilds moved")?;
        Ok(match (done == total, stop.is_cancelled()) {
            (true, _) => ExitStatus::Done,
            (false, true) => ExitStatus::Interrupted,
            (false, false) => ExitStatus::Partial,
        })
    }

    fn read(&self) -> Result<Plan, Failure> {
        let unreadable = |failure: Failure| failure.while_doing("cannot read the plan");
        let text = files::read_to_string(&self.plan)
            .map_err(|error| unreadable(Failure::new(ExitStatus::Usage, error)))?;
        let document: Document = serde_json::from_str(&text).map_err(|error| {
            unreadable(
                Failure::new(ExitStatus::Usage, error).hint("modbotctl rebalance plan -o json > plan.json"),
            )
        })?;
        Ok(document.item)
    }
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
