//! Carrying a move out from here: driving it, or following the one who does; a word for each step.

use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::ctl::connection::Store;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::{Failure, hint_for, status_of};
use crate::domain::guild_move::Event;
use crate::domain::move_step::MoveStep;
use crate::operations::guild_move::{MoveError, Mover, Seen};
use crate::store::config_db::MoveRow;

/// Between two looks at a move that another one drives.
const LOOK: Duration = Duration::from_millis(100);

/// Drives a move until it has ended or is held, and answers its row. Ctrl-C once stops it where the guild does not
/// stand still; twice, at once.
pub(in crate::ctl) async fn carry_out(mover: &Mover, store: &Store, id: Uuid) -> Result<MoveRow, Failure> {
    let stop = CancellationToken::new();
    let words = Words::default();
    let on = |seen: Seen| words.say(seen);
    let mut driven = Box::pin(mover.drive(id, Event::Begin, &stop, &on));
    let _own = crate::ctl::interrupts::own();
    let mut interrupts =
        signal(SignalKind::interrupt()).map_err(|error| Failure::new(ExitStatus::Failed, error))?;
    let driven = loop {
        tokio::select! {
            driven = &mut driven => break driven,
            _ = interrupts.recv() => {
                if stop.is_cancelled() {
                    return Err(interrupted(id));
                }
                stop.cancel();
                let _ = writeln!(std::io::stderr(), "finishing the step; once more stops at once");
            }
        }
    };
    match driven {
        Ok(driven) if driven.ended.is_none() && !driven.row.is_held() => Err(interrupted(id)),
        Ok(driven) => Ok(driven.row),
        Err(MoveError::Driven { driver, .. }) => {
            let _ = writeln!(std::io::stderr(), "{driver} drives it; following");
            follow(store, id, &words).await
        }
        Err(error) => Err(failed(error).hint(go_on(id))),
    }
}

async fn follow(store: &Store, id: Uuid, words: &Words) -> Result<MoveRow, Failure> {
    loop {
        let row = store.ask(store.db.get_move(id)).await?.value;
        let (step, thaws) = (row.active.step, row.thaws);
        words.say(Seen { step, thaws });
        if !step.is_active() || row.is_held() {
            return Ok(row);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn go_on(id: Uuid) -> String {
    format!(
        "`modbotctl move resume {id}` goes on, `modbotctl move abort {id}` gives it up; modbot-config goes on by itself"
    )
}

fn interrupted(id: Uuid) -> Failure {
    Failure::message(
        ExitStatus::Interrupted,
        format!("interrupted: move {id} is under way"),
    )
    .hint(go_on(id))
}

/// A driver's error as a verb's.
pub(in crate::ctl) fn failed(error: MoveError) -> Failure {
    match error {
        MoveError::Store(error) => {
            let (status, hint) = (status_of(&error), hint_for(&error));
            let failure = Failure::new(status, error);
            match hint {
                Some(hint) => failure.hint(hint),
                None => failure,
            }
        }
        error @ MoveError::Pod { .. } => Failure::new(ExitStatus::Unreachable, error),
        error @ (MoveError::Driven { .. } | MoveError::TooLate(_)) => {
            Failure::new(ExitStatus::Refused, error)
        }
    }
}

/// A line for each step, once.
#[derive(Default)]
struct Words(Mutex<Option<Seen>>);

impl Words {
    fn say(&self, seen: Seen) {
        let Ok(mut last) = self.0.lock() else { return };
        if *last == Some(seen) {
            return;
        }
        let again = last.is_some_and(|last| last.thaws < seen.thaws);
        *last = Some(seen);
        let doing = match seen.step {
            MoveStep::Planned => "planned",
            MoveStep::Prepared | MoveStep::Copying if again => "goes on at its pod; trying again",
            MoveStep::Prepared | MoveStep::Copying => "the target makes room",
            MoveStep::Frozen => "stopped; its rows are on their way",
            MoveStep::Verified => "the target holds every row",
            MoveStep::Flipped => "the target owns it",
            MoveStep::Started => "the target serves it",
            MoveStep::Cleaned => "the source's rows are gone",
            MoveStep::Aborted => "given up",
        };
        // Where stderr is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}: {doing}", seen.step);
    }
}
