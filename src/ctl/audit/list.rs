//! `modbotctl audit list`

use super::view::AuditView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::output::{OutputArgs, count};
use crate::domain::ids::{GuildId, PodId};
use crate::store::config_db::AuditFilter;

/// List audit entries, the latest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl audit list --guild 614601782152265748
  modbotctl audit list --actor alice -o wide
  modbotctl audit list --limit 1000 -o json")]
pub(in crate::ctl) struct Args {
    /// Only entries about this guild
    #[arg(long, value_name = "GUILD", value_parser = ids::guild, conflicts_with = "pod")]
    guild: Option<GuildId>,
    /// Only entries about this pod
    #[arg(long, value_name = "POD")]
    pod: Option<PodId>,
    /// Only what this actor did
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only entries below this number: how to go on reading
    #[arg(long, value_name = "ID")]
    before: Option<i64>,
    /// At most so many
    #[arg(
        long,
        value_name = "N",
        default_value_t = 50,
        value_parser = clap::value_parser!(u32).range(1..1_000_000)
    )]
    limit: u32,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let subject = match (self.guild, self.pod) {
            (Some(guild), _) => Some(format!("guild/{guild}")),
            (None, Some(pod)) => Some(pod.to_string()),
            (None, None) => None,
        };
        let filter = AuditFilter {
            subject,
            actor: self.actor,
            before: self.before,
            // One more than is shown, to know whether there is more.
            limit: self.limit + 1,
        };
        let mut entries = store.ask(store.db.audit(&filter)).await?;
        let more = entries.value.len() > self.limit as usize;
        entries.value.truncate(self.limit as usize);
        let views: Vec<AuditView> = entries.value.iter().map(AuditView::from).collect();
        context.render(self.output, &entries.stamp)?.list(&views)?;
        if let Some(last) = entries.value.last().filter(|_| more) {
            let shown = count(u64::from(self.limit));
            let (last, err) = (last.audit_id, context.printer.stderr());
            writeln!(err, "showing the latest {shown}; go on with --before {last}")?;
        }
        Ok(ExitStatus::Done)
    }
}
