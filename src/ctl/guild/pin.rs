//! `modbotctl guild pin`

use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::guild::view::pin_change;
use crate::ctl::ids;
use crate::ctl::output::OutputArgs;
use crate::domain::ids::GuildId;
use crate::operations::guilds;

/// Keep a guild where it is: rebalancing leaves pinned guilds alone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Repeating it changes nothing. The way back: modbotctl guild unpin

Example:
  modbotctl guild pin 614601782152265748 --reason 'watched closely this week'"
)]
pub(in crate::ctl) struct Args {
    /// The guild's id
    #[arg(value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: GuildId,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let guild = self.guild;
        let wanted = self
            .change
            .want(format!("pin guild {guild}"), guild.to_string())?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let done = store
                    .ask(guilds::set_pinned(&store.db, guild, true, authority))
                    .await?;
                Ok(done.map(|was| pin_change(guild, was, true, authority.is_dry_run())))
            })
            .await
    }
}
