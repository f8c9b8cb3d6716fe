//! `modbotctl guild get`

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::guild::GuildView;
use crate::ctl::ids;
use crate::ctl::output::OutputArgs;
use crate::domain::ids::GuildId;
use crate::operations::guilds;

/// Show everything the config store knows of one guild
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl guild get 614601782152265748
  modbotctl guild get 614601782152265748 -o json | jq .item.owner")]
pub(in crate::ctl) struct Args {
    /// The guild's id
    #[arg(value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: GuildId,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let guild = store.ask(guilds::get(&store.db, self.guild)).await?;
        let view = GuildView::from(&guild.value);
        context
            .render(self.output, &guild.stamp)?
            .single(&view, &view.details())?;
        Ok(ExitStatus::Done)
    }
}
