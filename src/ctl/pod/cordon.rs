//! `modbotctl pod cordon`

use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::pod::view::state_change;
use crate::domain::ids::PodId;
use crate::operations::pods;

/// Close a pod for new guilds; it keeps and serves what it has
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Repeating it changes nothing. The way back: modbotctl pod uncordon

Examples:
  modbotctl pod cordon pod-3 --reason 'its disk is being replaced'
  modbotctl pod cordon pod-3 --dry-run"
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
        let wanted = self.change.want(format!("cordon {pod}"), pod.to_string())?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let done = store.ask(pods::cordon(&store.db, pod, authority)).await?;
                Ok(done.map(|change| state_change(pod, "pod cordon", change, authority.is_dry_run())))
            })
            .await
    }
}
