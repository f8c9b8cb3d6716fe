//! `modbotctl session list`

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::session::SessionView;
use crate::domain::ids::PodId;

/// List the Discord shards, with the pod that hosts each and its session
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A Discord shard is one gateway session with Discord; its host receives the
events of all guilds in it, and passes on those of guilds that other pods own.
SESSION counts the identifies of a Discord shard; RESUME AT is the sequence
number that is safely stored.

Examples:
  modbotctl session list --pod pod-3
  modbotctl session list --unhosted"
)]
pub(in crate::ctl) struct Args {
    /// Only those that this pod hosts
    #[arg(long, value_name = "POD", conflicts_with = "unhosted")]
    pod: Option<PodId>,
    /// Only those that no pod hosts
    #[arg(long)]
    unhosted: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let mut shards = store.ask(store.db.discord_shards()).await?;
        shards.value.retain(|shard| match (self.pod, self.unhosted) {
            (Some(pod), _) => shard.host == Some(pod),
            (None, true) => shard.host.is_none(),
            (None, false) => true,
        });
        let views: Vec<SessionView> = shards.value.iter().map(SessionView::from).collect();
        context.render(self.output, &shards.stamp)?.list(&views)?;
        Ok(ExitStatus::Done)
    }
}
