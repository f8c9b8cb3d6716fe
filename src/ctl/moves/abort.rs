//! `modbotctl move abort`

use uuid::Uuid;

use super::MoveView;
use super::run::failed;
use crate::ctl::changed::ChangeView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::operations::guild_move;

/// Give a move up before its flip: the source goes on, what was copied is deleted
#[derive(Debug, clap::Args)]
#[command(
    after_help = "After the flip there is nothing to give up (exit code 3): the guild is served by
its new owner, and `guild move --reverse` brings it back.

Example:
  modbotctl move abort 0199c2b4-7d0e-7c51-b6a1-5f2c1c1f9a11 --yes"
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
    store: StoreArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let id = self.id;
        let wanted = self.change.want(format!("give up move {id}"), id.to_string())?;
        let store = self.store.open().await?;
        let before = store.ask(store.db.get_move(id)).await?.value.active.step;
        wanted
            .make(context, self.output, async |authority| {
                let done = guild_move::abort(&store.db, id, authority)
                    .await
                    .map_err(failed)?;
                Ok(done.map(|row| {
                    let after = row.active.step;
                    ChangeView {
                        subject: format!("move/{id}"),
                        action: "move abort",
                        before: Some(before.to_string()),
                        after: after.to_string(),
                        changed: before != after || (authority.is_dry_run() && before.is_before_flip()),
                        dry_run: authority.is_dry_run(),
                        doubt: None,
                        line: MoveView::from(&row).line(),
                    }
                }))
            })
            .await
    }
}
