//! `modbotctl store waive`

use crate::ctl::changed::ChangeView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::domain::ids::PodId;
use crate::operations::recovery;

/// While the store recovers: stop waiting for a pod that is gone for good
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A store that went back in time hands nothing out until every pod that had a
lease has reported what it owns: modbotctl store status shows who is awaited.
What only a waived pod knew is lost, so be sure that it will not come back.

Example:
  modbotctl store waive pod-3 --reason 'its volume is destroyed'"
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
        let intent = format!("recover without {pod}, losing what only it knew");
        let wanted = self.change.want(intent, pod.to_string())?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let done = store.ask(recovery::waive(&store.db, pod, authority)).await?;
                Ok(done.map(|changed| told(pod, changed, authority.is_dry_run())))
            })
            .await
    }
}

fn told(pod: PodId, changed: bool, dry_run: bool) -> ChangeView {
    let before = if changed { "awaited" } else { "waived" };
    ChangeView {
        subject: format!("pod/{}", pod.get()),
        action: "store waive",
        before: Some(before.to_owned()),
        after: "waived".to_owned(),
        changed,
        dry_run,
        doubt: None,
        line: if changed {
            format!("the recovery no longer waits for {pod}")
        } else {
            format!("{pod} is waived already")
        },
    }
}
