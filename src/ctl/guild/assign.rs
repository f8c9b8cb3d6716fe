//! `modbotctl guild assign`

use crate::ctl::changed::ChangeView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::output::OutputArgs;
use crate::domain::ids::{GuildId, PodId};
use crate::operations::guilds::{self, Assigned};

/// Give a guild that nobody owns yet to a pod of your choice
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A guild that has an owner stays where it is: only a move changes an owner, so
this refuses (exit code 3). Assigning it to its owner again changes nothing.
Guilds that nobody assigns are placed by the config service when they are first
seen.

Example:
  modbotctl guild assign 614601782152265748 pod-3"
)]
pub(in crate::ctl) struct Args {
    /// The guild's id
    #[arg(value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: GuildId,
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
        let (guild, pod) = (self.guild, self.pod);
        let intent = format!("assign guild {guild} to {pod}");
        let wanted = self.change.want(intent, guild.to_string())?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let done = store
                    .ask(guilds::assign(&store.db, guild, pod, authority))
                    .await?;
                Ok(done.map(|assigned| told(&assigned, authority.is_dry_run())))
            })
            .await
    }
}

fn told(assigned: &Assigned, dry_run: bool) -> ChangeView {
    let placed = &assigned.placed;
    let (guild, pod, epoch) = (placed.guild, placed.pod, placed.epoch);
    let changed = placed.placed_because.is_some();
    let already = if changed { "" } else { " already" };
    ChangeView {
        subject: format!("guild/{guild}"),
        action: "guild assign",
        before: (!changed).then(|| pod.to_string()),
        after: pod.to_string(),
        changed,
        dry_run,
        line: format!("guild {guild} belongs to {pod}{already}, epoch {epoch}"),
        doubt: assigned
            .doubt
            .filter(|_| changed)
            .map(|why| format!("{pod} takes no new guilds by itself: {why}")),
    }
}
