//! `modbotctl outbox drop`

use super::change::ActionArgs;
use crate::client::pod_api::OutboxVerb;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;

/// Give up an action that is pending, or of which nobody knows whether it was done
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It stays listed as dead for a month. The way back: modbotctl outbox retry

Example:
  modbotctl outbox drop 614601782152265748 d5add48fb6eee5bc7e9c0ea8 --dry-run"
)]
pub(in crate::ctl) struct Args {
    #[command(flatten)]
    action: ActionArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        self.action.run(context, (OutboxVerb::Drop, "outbox drop")).await
    }
}
