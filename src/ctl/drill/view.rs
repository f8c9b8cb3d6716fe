//! A drill as it is printed.

use serde::Serialize;

use crate::ctl::output::{Cells, Column, Row, age, count, rfc3339, size};
use crate::operations::drill::Drilled;

/// A drilled shard, as in `kind: Drill`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DrilledView {
    pod: String,
    passed: bool,
    place: Option<String>,
    txid: Option<String>,
    at: Option<String>,
    /// How old the restored state was: what would have been lost, in seconds.
    age_seconds: Option<f64>,
    /// How long the restore took with its checks.
    restore_seconds: Option<f64>,
    bytes: Option<u64>,
    guilds: Option<u64>,
    rows: Option<u64>,
    findings: Vec<String>,
    warnings: Vec<String>,
}

impl From<&Drilled> for DrilledView {
    fn from(drilled: &Drilled) -> Self {
        let restored = drilled.restored.as_ref();
        let seconds = |time: std::time::Duration| (time.as_secs_f64() * 1000.0).round() / 1000.0;
        Self {
            pod: drilled.pod.to_string(),
            passed: drilled.passed(),
            place: restored.map(|one| one.place.clone()),
            txid: restored.and_then(|one| one.txid).map(|txid| txid.to_string()),
            at: restored.map(|one| rfc3339(one.at.as_millisecond())),
            age_seconds: restored.map(|one| seconds(one.age)),
            restore_seconds: restored.map(|one| seconds(one.took)),
            bytes: restored.map(|one| one.bytes),
            guilds: restored.map(|one| one.guilds),
            rows: restored.map(|one| one.rows),
            findings: drilled.findings.iter().map(ToString::to_string).collect(),
            warnings: drilled.notes.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Row for DrilledView {
    const KIND: &'static str = "Drill";
    const COLUMNS: &'static [Column] = &[
        Column::text("SHARD"),
        Column::text("RESULT"),
        Column::number("AGE"),
        Column::number("RESTORED IN"),
        Column::number("SIZE"),
        Column::number("GUILDS"),
        Column::number("ROWS"),
        Column::text("FROM").wide(),
        Column::text("TXID").wide(),
    ];

    fn name(&self) -> String {
        format!("pod/{}", self.pod.trim_start_matches("pod-"))
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        let of = |number: Option<u64>, as_text: fn(u64) -> String| number.map(as_text).unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "an age in milliseconds is far below what is exact"
        )]
        let aged = self.age_seconds.map(|seconds| age((seconds * 1000.0) as i64));
        let took = self.restore_seconds.map(|seconds| format!("{seconds:.1} s"));
        vec![
            self.pod.clone(),
            if self.passed { "passed" } else { "FAILED" }.to_owned(),
            aged.unwrap_or_default(),
            took.unwrap_or_default(),
            of(self.bytes, size),
            of(self.guilds, count),
            of(self.rows, count),
            self.place.clone().unwrap_or_default(),
            self.txid.clone().unwrap_or_default(),
        ]
    }
}
