//! `modbotctl move get`

use uuid::Uuid;

use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::moves::MoveView;
use crate::ctl::output::OutputArgs;

/// Show one move: how far it is, who drives it, how long the guild stood still
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  modbotctl move get 0199c2b4-7d0e-7c51-b6a1-5f2c1c1f9a11")]
pub(in crate::ctl) struct Args {
    /// The move's id, as `move list` shows it
    #[arg(value_name = "MOVE")]
    id: Uuid,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let row = store.ask(store.db.get_move(self.id)).await?;
        let view = MoveView::from(&row.value);
        context
            .render(self.output, &row.stamp)?
            .single(&view, &view.details())?;
        Ok(ExitStatus::Done)
    }
}
