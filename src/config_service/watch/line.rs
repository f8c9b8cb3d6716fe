//! The lines of a watch stream.

use axum::body::Bytes;

use crate::client::config_api::{WatchChange, WatchEnd, WatchLine};
use crate::domain::ids::Revision;
use crate::store::config_db::RevisionChanges;

/// One revision's changes.
pub(super) fn changes(changes: RevisionChanges) -> Bytes {
    let line = WatchLine {
        revision: changes.revision,
        changes: changes
            .changes
            .into_iter()
            .map(|entry| WatchChange {
                kind: entry.kind,
                subject: entry.subject,
                body: entry.body,
            })
            .collect(),
        end: None,
    };
    encode(&line)
}

/// Nothing new up to `revision`.
pub(super) fn nothing_up_to(revision: Revision) -> Bytes {
    encode(&WatchLine {
        revision,
        changes: Vec::new(),
        end: None,
    })
}

/// The last line.
pub(super) fn last(revision: Revision, end: WatchEnd) -> Bytes {
    encode(&WatchLine {
        revision,
        changes: Vec::new(),
        end: Some(end),
    })
}

fn encode(line: &WatchLine) -> Bytes {
    // Our own type with string keys: it always serialises.
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    Bytes::from(text)
}
