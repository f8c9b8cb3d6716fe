//! `modbotctl store migrate`

use crate::ctl::changed::{ChangeView, Told};
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::domain::ids::NumShards;
use crate::operations::schema;
use crate::store::config_db::SchemaState;

/// Bring the config store's schema to the version of this program
#[derive(Debug, clap::Args)]
#[command(
    after_help = "An empty database becomes a config store. Repeating it changes nothing, and two
at once wait for each other. The request timeout bounds the connecting only: a
migration takes as long as it takes.

Example:
  modbotctl store migrate --yes"
)]
pub(in crate::ctl) struct Args {
    /// Discord shards of a store that is made now: 1 to 16384, for good
    #[arg(long, value_name = "N", default_value = "64")]
    discord_shards: NumShards,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let wanted = self
            .change
            .want("migrate the config store".to_owned(), "store".to_owned())?;
        let store = self.store.open_for_long_work().await?;
        let shards = self.discord_shards;
        wanted
            .make(context, self.output, async |authority| {
                let state = schema::migrate(&store.db, shards, authority).await?;
                Ok::<_, Failure>(Told {
                    change: told(state, authority.is_dry_run()),
                    stamp: None,
                })
            })
            .await
    }
}

fn told(state: SchemaState, dry_run: bool) -> ChangeView {
    let SchemaState { found, needed } = state;
    let changed = found != needed;
    let before = (found > 0).then(|| format!("schema {found}"));
    let was = before
        .as_ref()
        .map_or_else(|| "(there was none)".to_owned(), |was| format!("(was {was})"));
    ChangeView {
        subject: "store".to_owned(),
        action: "store migrate",
        before,
        after: format!("schema {needed}"),
        changed,
        dry_run,
        doubt: None,
        line: if changed {
            format!("store is at schema {needed} {was}")
        } else {
            format!("store is at schema {needed} already")
        },
    }
}
