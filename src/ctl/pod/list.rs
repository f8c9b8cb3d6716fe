//! `modbotctl pod list`

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::pod::PodView;

/// List the pods, with their state, lease and load
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl pod list
  modbotctl pod list -o json | jq '.items[] | select(.leased | not).id'")]
pub(in crate::ctl) struct Args {
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let pods = store.ask(store.db.pods()).await?;
        let views: Vec<PodView> = pods.value.iter().map(PodView::from).collect();
        context.render(self.output, &pods.stamp)?.list(&views)?;
        Ok(ExitStatus::Done)
    }
}
