//! Reports of messages that are gone say so, whoever deleted them.

use super::Change;
use crate::domain::discord_event::Event;

pub(super) fn decide(event: &Event<'_>, at_ms: i64, changes: &mut Vec<Change<'_>>) {
    let gone = match event {
        Event::MessageDelete(deleted) => vec![deleted.id],
        Event::BulkDelete(deleted) => deleted.ids.clone(),
        _ => return,
    };
    changes.push(Change::ReportedGone(gone, at_ms));
}
