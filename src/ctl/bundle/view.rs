//! A bundle as it is printed.

use serde::Serialize;

use super::FILE;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Cells, Column, Format, OutputArgs, Row, age, count, rfc3339, size};
use crate::domain::bundle::BundleKind;
use crate::domain::ids::GuildId;
use crate::operations::guild_bundle::BundleReport;

/// Prints what is known of a bundle, in every form.
pub(in crate::ctl) fn print(
    report: &BundleReport,
    context: &mut Context,
    output: OutputArgs,
) -> Result<ExitStatus, Failure> {
    let view = BundleView::from(report);
    let details = view.details(context.now_ms);
    let mut render = context.render_without_store(output, FILE);
    render.single(&view, &details)?;
    if matches!(output.output, Format::Table | Format::Wide) && !view.tables.is_empty() {
        writeln!(render.printer.stdout())?;
        render.table(&view.tables)?;
    }
    Ok(ExitStatus::Done)
}

/// One guild as a file, as in `kind: Bundle`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct BundleView {
    path: String,
    bytes: u64,
    /// `full`, or `delta` for what changed in some rounds of a move.
    contents: &'static str,
    guild: GuildId,
    /// The epoch of the fence it was exported under; 0: the rows had no owner.
    epoch: u64,
    /// The last event that is in it.
    cut: CutView,
    schema: u32,
    source: String,
    exported_at: String,
    program: String,
    rows: u64,
    /// Of the whole guild; null in a delta taken while the guild was written.
    digest: Option<String>,
    tables: Vec<TableView>,
    /// Whether every row was read and compared.
    verified: bool,
    #[serde(skip)]
    exported_at_ms: i64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct CutView {
    discord_shard: u32,
    session_no: u64,
    seq: u64,
    writes: u64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct TableView {
    name: String,
    rows: u64,
    digest: String,
}

impl From<&BundleReport> for BundleView {
    fn from(report: &BundleReport) -> Self {
        let header = &report.header;
        let progress = &header.progress;
        let tables = header.tables.iter().map(|(name, digest)| TableView {
            name: name.to_owned(),
            rows: digest.rows,
            digest: format!("{:032x}", digest.sum),
        });
        Self {
            path: report.path.display().to_string(),
            bytes: report.bytes,
            contents: if header.kind == BundleKind::Full {
                "full"
            } else {
                "delta"
            },
            guild: header.guild_id,
            epoch: header.epoch.get(),
            cut: CutView {
                discord_shard: progress.shard_id,
                session_no: progress.position.session_no.get(),
                seq: progress.position.seq,
                writes: progress.writes,
            },
            schema: header.schema.get(),
            source: header.source.clone(),
            exported_at: rfc3339(header.exported_at),
            program: header.program.clone(),
            rows: header.tables.rows(),
            digest: header.guild_digest.map(|digest| digest.to_string()),
            tables: tables.collect(),
            verified: report.verified,
            exported_at_ms: header.exported_at,
        }
    }
}

impl Row for BundleView {
    const KIND: &'static str = "Bundle";
    const COLUMNS: &'static [Column] = &[
        Column::text("FILE"),
        Column::text("GUILD"),
        Column::number("EPOCH"),
        Column::number("ROWS"),
        Column::number("SIZE"),
    ];

    fn name(&self) -> String {
        self.path.clone()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.path.clone(),
            self.guild.to_string(),
            self.epoch.to_string(),
            count(self.rows),
            size(self.bytes),
        ]
    }
}

impl Row for TableView {
    const KIND: &'static str = "BundleTable";
    const COLUMNS: &'static [Column] = &[
        Column::text("TABLE"),
        Column::number("ROWS"),
        Column::text("DIGEST").wide(),
    ];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![self.name.clone(), count(self.rows), self.digest.clone()]
    }
}

impl BundleView {
    /// What the table form shows.
    fn details(&self, now_ms: i64) -> Vec<(&'static str, String)> {
        let cut = &self.cut;
        vec![
            ("Bundle", self.path.clone()),
            ("Guild", self.guild.to_string()),
            ("Contents", self.contents.to_owned()),
            ("Epoch", self.epoch.to_string()),
            (
                "Cut",
                format!(
                    "event {}:{} of Discord shard {}, after {} writes",
                    cut.session_no,
                    cut.seq,
                    cut.discord_shard,
                    count(cut.writes)
                ),
            ),
            ("Schema", self.schema.to_string()),
            ("From", self.source.clone()),
            (
                "Exported",
                format!(
                    "{} ({} ago) by {}",
                    self.exported_at,
                    age(now_ms - self.exported_at_ms),
                    self.program
                ),
            ),
            ("Size", size(self.bytes)),
            ("Rows", count(self.rows)),
            ("Digest", self.digest.clone().unwrap_or_default()),
            (
                "Verified",
                if self.verified {
                    "every row is what the header promises"
                } else {
                    "header only"
                }
                .to_owned(),
            ),
        ]
    }
}
