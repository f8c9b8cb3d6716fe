//! `modbotctl move resume`

use uuid::Uuid;

use super::run::{carry_out, failed};
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::guild::report;
use crate::ctl::mover::MoverArgs;
use crate::ctl::output::OutputArgs;
use crate::operations::guild_move;

/// Go on with a move that is held, or that nobody drives
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A move that was begun with --pause-after waits for this. One whose driver died is
also taken up by modbot-config within seconds.

Example:
  modbotctl move resume 0199c2b4-7d0e-7c51-b6a1-5f2c1c1f9a11 --yes"
)]
pub(in crate::ctl) struct Args {
    /// The move's id, as `move list` shows it
    #[arg(value_name = "MOVE")]
    id: Uuid,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    pods: MoverArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let id = self.id;
        let wanted = self
            .change
            .want(format!("go on with move {id}"), id.to_string())?;
        let store = self.store.open().await?;
        let found = store.ask(store.db.get_move(id)).await?;
        if wanted.is_dry_run() {
            return report(context, self.output, &found);
        }
        let authority = wanted
            .agreed(&mut context.printer, super::MoveView::from(&found.value).line())
            .await?;
        let mover = self.pods.mover(&store)?;
        guild_move::resume(&store.db, id, &authority)
            .await
            .map_err(failed)?;
        carry_out(&mover, &store, id).await?;
        let found = store.ask(store.db.get_move(id)).await?;
        report(context, self.output, &found)
    }
}
