//! `modbotctl legacy inspect`

use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::view::{GuildView, NoteView, QuarantineView, TableView};
use super::{FILE, changes, failure, scratch};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, Row as _, count, rfc3339, size};
use crate::ctl::progress::{ProgressArgs, with_progress};
use crate::domain::ids::NumShards;
use crate::operations::legacy::inspect::{self, Inspection};
use crate::store::read_only::Method;

/// Show what is in an old database and what would become of it
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Reads every row and writes nothing, not even beside the file; the old bot may be
running. A file that was copied without its -shm is read from a copy in $TMPDIR.

Examples:
  modbotctl legacy inspect mod-bot.sqlite3
  modbotctl legacy inspect mod-bot.sqlite3 -o json"
)]
pub(in crate::ctl) struct Args {
    /// The old bot's database
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many of the largest guilds to show
    #[arg(long, value_name = "N", default_value_t = 5)]
    limit: usize,
    /// Discord shards the fleet has, or will have
    #[arg(long, value_name = "N", default_value = "64")]
    num_shards: NumShards,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    file: String,
    bytes: u64,
    wal_bytes: u64,
    read_by: &'static str,
    migration: String,
    rows: u64,
    /// Guilds that a pod can own.
    guilds: u64,
    registered_guilds: u64,
    first_row_at: Option<String>,
    last_row_at: Option<String>,
    tables: Vec<TableView>,
    largest_guilds: Vec<GuildView>,
    quarantine: Vec<QuarantineView>,
    changes: Vec<NoteView>,
    notes: Vec<NoteView>,
    /// Tables that are not the old bot's, with their rows.
    foreign_tables: Vec<(String, u64)>,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let path = self.file.clone();
        let shown = self.file.display().to_string();
        let found = with_progress(self.progress, move |progress| {
            inspect::inspect(&path, &scratch(), progress)
        })
        .await?;
        let found = found.map_err(|error| failure::of_source(format!("cannot inspect {shown}"), error))?;
        let view = View::new(shown, &found, self.num_shards);
        let mut render = context.render_without_store(self.output, FILE);
        match self.output.output {
            Format::Json => render.single_json("LegacyInspection", &view)?,
            Format::Name => {
                for guild in &view.largest_guilds {
                    writeln!(render.printer.stdout(), "{}", guild.name())?;
                }
            }
            Format::Table | Format::Wide => view.print(&mut render, self.limit)?,
        }
        Ok(ExitStatus::Done)
    }
}

const fn read_by(method: Method) -> &'static str {
    match method {
        Method::Snapshot => "one moment of a WAL file, which may be in use",
        Method::Immutable => "a closed WAL file, in place",
        Method::Copy => "a copy of a WAL file and its log",
        Method::Shared => "a file with a rollback journal, in place",
    }
}

impl View {
    fn new(file: String, found: &Inspection, num_shards: NumShards) -> Self {
        let rows: u64 = found.tables.iter().map(|table| table.rows).sum();
        let guild_rows = found.guilds.iter().map(|guild| guild.rows).sum();
        let quarantine = found.quarantine.iter().map(|facts| QuarantineView {
            table: facts.table.to_string(),
            reason: facts.refusal.name(),
            column: facts.refusal.column(),
            explanation: facts.refusal.explain(),
            rows: facts.rows,
            samples: facts.samples.clone(),
        });
        let notes = found.notes.iter().map(|note| {
            let (what, becomes) = note.kind.explain();
            NoteView {
                kind: note.kind.name().to_owned(),
                count: note.count,
                what: what.to_owned(),
                becomes: becomes.to_owned(),
                samples: note.samples.clone(),
            }
        });
        Self {
            file,
            bytes: found.file.bytes,
            wal_bytes: found.file.wal_bytes,
            read_by: read_by(found.file.method),
            migration: found.file.migration.clone(),
            rows,
            guilds: found.guilds.len() as u64,
            registered_guilds: found.guilds.iter().filter(|guild| guild.registered).count() as u64,
            first_row_at: found.made_ms.map(|(first, _)| rfc3339(first)),
            last_row_at: found.made_ms.map(|(_, last)| rfc3339(last)),
            tables: found.tables.iter().map(TableView::from).collect(),
            largest_guilds: found
                .guilds
                .iter()
                .map(|g| GuildView::new(g, guild_rows, num_shards))
                .collect(),
            quarantine: quarantine.collect(),
            changes: changes::views(found.changes.named()),
            notes: notes.collect(),
            foreign_tables: found.foreign_tables.clone(),
        }
    }

    fn print(&self, render: &mut Render<'_>, limit: usize) -> Result<(), Failure> {
        render.details(&self.details())?;
        writeln!(render.printer.stdout())?;
        render.table(&self.tables)?;
        let shown = &self.largest_guilds[..limit.min(self.largest_guilds.len())];
        if !shown.is_empty() {
            writeln!(
                render.printer.stdout(),
                "\nGuilds, the largest {} of {}:",
                shown.len(),
                count(self.guilds)
            )?;
            render.table(shown)?;
        }
        let out = render.printer.stdout();
        self.print_quarantine(out)?;
        if !self.changes.is_empty() {
            writeln!(out, "\nChanged on the way:")?;
            print_notes(out, &self.changes)?;
        }
        if !self.notes.is_empty() {
            writeln!(out, "\nWorth knowing:")?;
            print_notes(out, &self.notes)?;
        }
        for (table, rows) in &self.foreign_tables {
            writeln!(
                out,
                "\nTable {table} ({} rows) is not the old bot's: split needs --leave {table}",
                count(*rows)
            )?;
        }
        writeln!(
            out,
            "\nNext, to see the balance over three pods:\n  modbotctl legacy split {} --pods 3 --out split --dry-run",
            self.file
        )?;
        Ok(())
    }

    fn details(&self) -> Vec<(&'static str, String)> {
        let log = if self.wal_bytes > 0 {
            format!(" and a log of {}", size(self.wal_bytes))
        } else {
            String::new()
        };
        let days = |at: &Option<String>| {
            at.as_ref()
                .map_or_else(String::new, |at| at.chars().take(10).collect())
        };
        vec![
            ("File", self.file.clone()),
            ("Size", format!("{}{log}", size(self.bytes))),
            ("Read as", self.read_by.to_owned()),
            ("Last migration", self.migration.clone()),
            (
                "Guilds",
                format!(
                    "{}, {} of them registered",
                    count(self.guilds),
                    count(self.registered_guilds)
                ),
            ),
            ("Rows", count(self.rows)),
            (
                "Made",
                format!("{} to {}", days(&self.first_row_at), days(&self.last_row_at)),
            ),
        ]
    }

    fn print_quarantine(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let rows: u64 = self.quarantine.iter().map(|facts| facts.rows).sum();
        if rows == 0 {
            writeln!(out, "\nNo row goes to quarantine.")?;
            return Ok(());
        }
        writeln!(
            out,
            "\nTo quarantine, {} rows (kept byte for byte; join puts them back):",
            count(rows)
        )?;
        let mut reasons: Vec<(&str, Vec<&QuarantineView>)> = Vec::new();
        for facts in &self.quarantine {
            match reasons
                .iter_mut()
                .find(|(reason, _)| *reason == facts.explanation)
            {
                Some((_, tables)) => tables.push(facts),
                None => reasons.push((&facts.explanation, vec![facts])),
            }
        }
        for (reason, tables) in reasons {
            let rows = tables.iter().map(|facts| facts.rows).sum();
            writeln!(out, "  {:>7}  {reason}", count(rows))?;
            let named: Vec<_> = tables
                .iter()
                .map(|facts| format!("{} {}", facts.table, count(facts.rows)))
                .collect();
            for line in named.chunks(3) {
                writeln!(out, "           {}", line.join(", "))?;
            }
            if let Some((facts, sample)) = tables
                .iter()
                .find_map(|facts| Some((facts, facts.samples.first()?)))
            {
                writeln!(out, "           as in {}, {sample}", facts.table)?;
            }
        }
        Ok(())
    }
}

/// Each note on one line where it fits, what becomes of it on the next.
pub(super) fn print_notes(out: &mut dyn Write, notes: &[NoteView]) -> Result<(), Failure> {
    for note in notes {
        writeln!(out, "  {:>7}  {}", count(note.count), note.what)?;
        writeln!(out, "           -> {}", note.becomes)?;
        if let Some(sample) = note.samples.first() {
            writeln!(out, "           as in {sample}")?;
        }
    }
    Ok(())
}
