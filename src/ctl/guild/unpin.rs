//! `modbotctl guild unpin`

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

/// Let rebalancing move a guild again
#[derive(Debug, clap::Args)]
#[command(after_help = "Repeating it changes nothing.

Example:
  modbotctl guild unpin 614601782152265748")]
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
            .want(format!("unpin guild {guild}"), guild.to_string())?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let done = store
                    .ask(guilds::set_pinned(&store.db, guild, false, authority))
                    .await?;
                Ok(done.map(|was| pin_change(guild, was, false, authority.is_dry_run())))
            })
            .await
    }
}
