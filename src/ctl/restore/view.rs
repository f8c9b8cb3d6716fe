//! A restore as it is printed.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use crate::client::replica::ReplicaUrl;
use crate::ctl::output::{age, count, rfc3339, size};
use crate::operations::restore::Restored;

/// A restored file, as in `kind: Restored`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestoredView {
    file: String,
    bytes: u64,
    /// From where.
    replica: String,
    /// Its lineage, where the place holds several.
    place: String,
    /// The state's last transaction; none for what Litestream 0.3 wrote.
    txid: Option<String>,
    at: String,
    #[serde(skip)]
    at_ms: i64,
    /// The next state that could have been restored, where a time was asked for.
    next_txid: Option<String>,
    next_at: Option<String>,
    objects: u64,
    bytes_read: u64,
    seconds: f64,
    warnings: Vec<String>,
}

impl RestoredView {
    pub(super) fn new(restored: &Restored, file: &Path, url: &ReplicaUrl) -> Self {
        Self {
            file: file.display().to_string(),
            bytes: restored.bytes,
            replica: url.to_string(),
            place: restored.place.to_string(),
            txid: restored.txid.map(|txid| txid.to_string()),
            at: rfc3339(restored.at.as_millisecond()),
            at_ms: restored.at.as_millisecond(),
            next_txid: restored.next.map(|next| next.txid.to_string()),
            next_at: restored.next.map(|next| rfc3339(next.at.as_millisecond())),
            objects: restored.objects,
            bytes_read: restored.bytes_read,
            seconds: (restored.took.as_secs_f64() * 1000.0).round() / 1000.0,
            warnings: restored.notes.iter().map(ToString::to_string).collect(),
        }
    }

    /// How far the state is from the time that was asked for.
    pub(super) fn distance(&self, asked: Option<Timestamp>) -> Option<String> {
        let before = asked?.as_millisecond() - self.at_ms;
        let next = match (&self.next_txid, &self.next_at) {
            (Some(txid), Some(at)) => format!("the next state that can be restored is TXID {txid} of {at}"),
            _ => "nothing later can be restored".to_owned(),
        };
        let (seconds, tenths) = (before / 1000, before % 1000 / 100);
        Some(format!(
            "this is the state of {}, {seconds}.{tenths} s before the time asked for; {next}",
            self.at
        ))
    }

    /// The labelled lines.
    pub(super) fn details(&self, now_ms: i64) -> Vec<(&'static str, String)> {
        let state = match &self.txid {
            Some(txid) => format!("TXID {txid} of {}", self.at),
            None => format!("of {}", self.at),
        };
        vec![
            ("Restored", self.file.clone()),
            ("From (bucket)", format!("{} ({})", self.replica, self.place)),
            (
                "State (bucket)",
                format!("{state}, {} ago", age(now_ms - self.at_ms)),
            ),
            ("Size", size(self.bytes)),
            (
                "Read",
                format!("{} in {} objects", size(self.bytes_read), count(self.objects)),
            ),
            ("Took", format!("{:.1} s", self.seconds)),
        ]
    }
}
