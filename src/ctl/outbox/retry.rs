//! `modbotctl outbox retry`

use super::change::ActionArgs;
use crate::client::pod_api::OutboxVerb;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;

/// Send an action again that is dead, or of which nobody knows whether it was done
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What was done already may be done twice: look at Discord first. From now on the
action is good for a quarter of an hour, as a new one is.

Example:
  modbotctl outbox retry 614601782152265748 d5add48fb6eee5bc7e9c0ea8 \\
    --reason 'the role was missing'"
)]
pub(in crate::ctl) struct Args {
    #[command(flatten)]
    action: ActionArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        self.action
            .run(context, (OutboxVerb::Retry, "outbox retry"))
            .await
    }
}
