//! `modbotctl pod drain`

use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::pod::view::state_change;
use crate::domain::ids::PodId;
use crate::operations::pods;

/// Mark a pod to be emptied: it takes nothing new, and rebalance moves its guilds
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing moves by itself: `modbotctl rebalance` then moves its guilds away, and
pinned ones stay. The way back: modbotctl pod uncordon

Examples:
  modbotctl pod drain pod-3 --reason 'its machine goes away' && modbotctl rebalance
  modbotctl pod drain pod-3 --dry-run"
)]
pub(in crate::ctl) struct Args {
    /// The pod: 3, pod-3 or pod/3
    #[arg(value_name = "POD", allow_negative_numbers = true)]
    pod: PodId,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let pod = self.pod;
        let wanted = self.change.want(format!("drain {pod}"), pod.to_string())?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let done = store.ask(pods::drain(&store.db, pod, authority)).await?;
                Ok(done.map(|change| state_change(pod, "pod drain", change, authority.is_dry_run())))
            })
            .await
    }
}
