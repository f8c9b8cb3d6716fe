//! A Discord shard as config and its host have it, side by side.

use serde::Serialize;

use super::SessionView;
use crate::ctl::output::{Cells, Column, Row};

/// A Discord shard with its host's own word, as in `kind: Session`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::ctl) struct SessionBeside {
    #[serde(flatten)]
    session: SessionView,
    /// What the host says; null: it was not asked, or has no such session.
    pod_says: Option<String>,
    /// Where the two do not agree, what the host says.
    differs: Option<String>,
}

impl SessionBeside {
    pub(in crate::ctl) const fn new(
        session: SessionView,
        pod_says: Option<String>,
        differs: Option<String>,
    ) -> Self {
        Self {
            session,
            pod_says,
            differs,
        }
    }
}

impl Row for SessionBeside {
    const KIND: &'static str = "Session";
    const COLUMNS: &'static [Column] = &[
        Column::number("DISCORD SHARD"),
        Column::text("HOST (config)"),
        Column::number("HOST EPOCH (config)"),
        Column::number("SESSION (config)"),
        Column::text("SESSION (pod)"),
        Column::text("DIFFERS"),
    ];

    fn name(&self) -> String {
        self.session.name()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        let mut cells = self.session.brief().to_vec();
        cells.push(self.pod_says.clone().unwrap_or_default());
        cells.push(
            self.differs
                .as_ref()
                .map(|why| format!("<> {why}"))
                .unwrap_or_default(),
        );
        cells
    }
}
