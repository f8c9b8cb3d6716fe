//! `modbotctl rebalance`

use super::carry_out::{HowArgs, carry_out};
use super::plan::RulesArgs;
use super::view;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::mover::MoverArgs;
use crate::domain::planner;
use crate::operations::rebalance;

/// Plan, show, ask, move.
#[derive(Debug, clap::Args)]
pub(super) struct NowArgs {
    #[command(flatten)]
    rules: RulesArgs,
    #[command(flatten)]
    how: HowArgs,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pods: MoverArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl NowArgs {
    pub(super) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let intent = "rebalance the fleet".to_owned();
        let wanted = self.change.want(intent, "rebalance".to_owned())?;
        let store = self.store.open().await?;
        let snapshot = store.ask(rebalance::snapshot(&store.db)).await?;
        let plan = planner::plan(&snapshot, &self.rules.rules());
        view::write(&plan, context.printer.stderr())?;
        if plan.moves.is_empty() || wanted.is_dry_run() {
            return Ok(ExitStatus::Done);
        }
        let mover = self.pods.mover(&store)?;
        let effect = format!("{} moves", plan.moves.len());
        let authority = wanted.agreed(&mut context.printer, effect).await?;
        let again = store.ask(rebalance::snapshot(&store.db)).await?;
        if again.hash() != plan.inputs {
            // While the operator was reading.
            let changed = "the fleet has changed since the plan was made";
            return Err(Failure::message(ExitStatus::Refused, changed).hint("modbotctl rebalance"));
        }
        carry_out(context, &mover, &plan, self.how.applying(), &authority).await
    }
}
