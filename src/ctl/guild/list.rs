//! `modbotctl guild list`

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::guild::GuildView;
use crate::ctl::output::{OutputArgs, count};
use crate::domain::ids::PodId;
use crate::store::config_db::GuildFilter;

/// List guilds with their owners, by id
#[derive(Debug, clap::Args)]
#[command(
    after_help = "STATE: placed (never served yet), served, moving, or trouble (nobody may serve
it before an operator has looked; -o wide says why).

Examples:
  modbotctl guild list --pod pod-3
  modbotctl guild list --pinned -o name
  modbotctl guild list -o json | jq -r '.items[] | [.id, .owner] | @tsv'"
)]
pub(in crate::ctl) struct Args {
    /// Only guilds of this pod
    #[arg(long, value_name = "POD")]
    pod: Option<PodId>,
    /// Only pinned guilds
    #[arg(long)]
    pinned: bool,
    /// At most so many; all of them if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let filter = GuildFilter {
            pod: self.pod,
            pinned: self.pinned.then_some(true),
            after: None,
            limit: self.limit.unwrap_or(u32::MAX),
        };
        let guilds = store.ask(store.db.guilds(&filter)).await?;
        let views: Vec<GuildView> = guilds.value.iter().map(GuildView::from).collect();
        context.render(self.output, &guilds.stamp)?.list(&views)?;
        if self.limit.is_some_and(|limit| views.len() == limit as usize) {
            let all = store.ask(store.db.count_guilds(&filter)).await?;
            let (shown, all) = (count(views.len() as u64), count(all));
            writeln!(context.printer.stderr(), "showing {shown} of {all}")?;
        }
        Ok(ExitStatus::Done)
    }
}
