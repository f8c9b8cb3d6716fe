//! `modbotctl move list`

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::moves::MoveView;
use crate::ctl::output::OutputArgs;
use crate::domain::ids::{GuildId, PodId};
use crate::store::config_db::MoveFilter;

/// List moves, the newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl move list --active
  modbotctl move list --guild 614601782152265748 -o json | jq '.items[].pausedMs'")]
pub(in crate::ctl) struct Args {
    /// Only those under way
    #[arg(long)]
    active: bool,
    /// Only those of this guild
    #[arg(long, value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: Option<GuildId>,
    /// Only those from or to this pod
    #[arg(long, value_name = "POD", allow_negative_numbers = true)]
    pod: Option<PodId>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let filter = MoveFilter {
            active: self.active,
            guild: self.guild,
            pod: self.pod,
            plan: None,
            limit: self.limit,
        };
        let moves = store.ask(store.db.moves(&filter)).await?;
        let views: Vec<MoveView> = moves.value.iter().map(MoveView::from).collect();
        context.render(self.output, &moves.stamp)?.list(&views)?;
        Ok(ExitStatus::Done)
    }
}
