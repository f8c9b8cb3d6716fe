//! `modbotctl rebalance plan`

use super::view;
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs};
use crate::domain::planner::{self, Rules};
use crate::operations::rebalance;

/// Plan which guilds should move, and why; nothing is moved
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl rebalance plan
  modbotctl rebalance plan -o json > plan.json      for `rebalance apply plan.json`
  modbotctl rebalance plan --exit-code              6 where there is something to move")]
pub(in crate::ctl) struct Args {
    #[command(flatten)]
    rules: RulesArgs,
    /// End with 6 where there is something to move
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

/// What is planned.
#[derive(Debug, clap::Args)]
pub(super) struct RulesArgs {
    /// How far above its share a pod may be, in percent
    #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=1000))]
    threshold: u32,
    /// At most so many moves
    #[arg(long, value_name = "N", default_value = "100000")]
    max_moves: usize,
}

impl RulesArgs {
    pub(super) fn rules(&self) -> Rules {
        Rules {
            threshold_percent: self.threshold,
            max_moves: self.max_moves,
        }
    }
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let stamp = store.ask(store.db.stamp()).await?;
        let snapshot = store.ask(rebalance::snapshot(&store.db)).await?;
        let plan = planner::plan(&snapshot, &self.rules.rules());
        let mut render = context.render(self.output, &stamp)?;
        match self.output.output {
            Format::Json => render.single_json("Plan", &plan)?,
            Format::Name => {
                for one in &plan.moves {
                    writeln!(render.printer.stdout(), "guild/{}", one.guild)?;
                }
            }
            Format::Table | Format::Wide => view::write(&plan, render.printer.stdout())?,
        }
        Ok(if self.exit_code && !plan.moves.is_empty() {
            ExitStatus::Partial
        } else {
            ExitStatus::Done
        })
    }
}
