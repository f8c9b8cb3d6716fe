//! `modbotctl outbox list`

use super::change::{asked, failed};
use super::view::ActionView;
use crate::client::pod_api::OutboxFilter;
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::output::OutputArgs;
use crate::ctl::pods::PodArgs;
use crate::domain::ids::{GuildId, PodId};
use crate::domain::outbox::ActionState;

/// List a pod's actions at Discord that are open or will not be done
#[derive(Debug, clap::Args)]
#[command(
    after_help = "pending: not sent yet. sending: on the wire. unknown: nobody knows whether it was
done; it is being found out. dead: it will not be done, and why. done ones are
kept for an hour, and listed when they are asked for.

Examples:
  modbotctl outbox list pod-3
  modbotctl outbox list pod-3 --state dead --guild 614601782152265748
  modbotctl outbox list pod-3 -o json"
)]
pub(in crate::ctl) struct Args {
    /// The pod: 3, pod-3 or pod/3
    #[arg(value_name = "POD", allow_negative_numbers = true)]
    pod: PodId,
    /// Only actions of this guild
    #[arg(long, value_name = "GUILD", value_parser = ids::guild)]
    guild: Option<GuildId>,
    /// Only actions in this state: pending, sending, unknown, dead or done
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Vec<ActionState>,
    /// At most so many
    #[arg(
        long,
        value_name = "N",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..10_000)
    )]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    pods: PodArgs,
}

fn state(text: &str) -> Result<ActionState, String> {
    ActionState::from_name(text).ok_or_else(|| "write pending, sending, unknown, dead or done".to_owned())
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let api = asked(&self.pods)?;
        let store = self.store.open().await?;
        let pod = store.ask(store.db.pod(self.pod)).await?;
        // One more than is shown, to know whether there is more.
        let filter = OutboxFilter {
            guild: self.guild,
            states: self.state,
            limit: self.limit + 1,
        };
        let page = api.outbox(&pod.value.api_url, &filter).await;
        let mut actions = page.map_err(|error| failed(error, self.pod))?.actions;
        let more = actions.len() > self.limit as usize;
        actions.truncate(self.limit as usize);
        let views: Vec<ActionView> = actions.into_iter().map(ActionView::from).collect();
        context.render(self.output, &pod.stamp)?.list(&views)?;
        if more {
            let err = context.printer.stderr();
            writeln!(err, "showing the first {}; --limit shows more", self.limit)?;
        }
        Ok(ExitStatus::Done)
    }
}
