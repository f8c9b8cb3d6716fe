//! `modbotctl shard list`

use super::view::ShardView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;

/// List the shards, one for each pod, with their size and replica
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  modbotctl shard list")]
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
        let views: Vec<ShardView> = pods.value.iter().map(ShardView::from).collect();
        context.render(self.output, &pods.stamp)?.list(&views)?;
        Ok(ExitStatus::Done)
    }
}
