//! `modbotctl rebalance apply`

use std::path::PathBuf;

use serde::Deserialize;

use super::carry_out::{HowArgs, carry_out};
use super::view;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::mover::MoverArgs;
use crate::domain::planner::Plan;
use crate::operations::rebalance;
use crate::runtime::files;

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
    #[command(flatten)]
    how: HowArgs,
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
        carry_out(context, &mover, &plan, self.how.applying(), &authority).await
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
