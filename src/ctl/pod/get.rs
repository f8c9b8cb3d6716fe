//! `modbotctl pod get`

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::pod::PodView;
use crate::domain::ids::PodId;

/// Show everything the config store knows of one pod
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  modbotctl pod get pod-3")]
pub(in crate::ctl) struct Args {
    /// The pod: 3, pod-3 or pod/3
    #[arg(value_name = "POD", allow_negative_numbers = true)]
    pod: PodId,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let pod = store.ask(store.db.pod(self.pod)).await?;
        let view = PodView::from(&pod.value);
        context
            .render(self.output, &pod.stamp)?
            .single(&view, &view.details())?;
        Ok(ExitStatus::Done)
    }
}
