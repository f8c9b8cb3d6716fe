//! `modbotctl legacy verify`

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::view::PlacesView;
use super::{FILE, failure, scratch};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, count};
use crate::ctl::progress::{ProgressArgs, with_progress};
use crate::operations::legacy::verify::{Report, verify};

/// Compare an old database with a split of it, row for row
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Ends with 7 where a row is missing, added, changed or with the wrong guild, and
names it. For a split before its pods have served from it: they write.

Example:
  modbotctl legacy verify mod-bot.sqlite3 split"
)]
pub(in crate::ctl) struct Args {
    /// The old bot's database
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What `legacy split` made of it
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    file: String,
    directory: String,
    whole: bool,
    tables: Vec<PlacesView>,
    /// Rows that are wrong, by kind, named or not.
    wrong_rows: BTreeMap<&'static str, u64>,
    findings: Vec<String>,
    source_changed: bool,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let (file, directory) = (self.file.clone(), self.directory.clone());
        let compared = with_progress(self.progress, move |progress| {
            verify(&file, &directory, &scratch(), progress)
        })
        .await?;
        let shown = self.directory.display().to_string();
        let report = compared.map_err(|error| failure::of_verify(format!("cannot verify {shown}"), error))?;
        let view = View::new(&self, &report);
        let mut render = context.render_without_store(self.output, FILE);
        match self.output.output {
            Format::Json => render.single_json("LegacyVerification", &view)?,
            Format::Name => {
                for finding in &view.findings {
                    writeln!(render.printer.stdout(), "{finding}")?;
                }
            }
            Format::Table | Format::Wide => view.print(&mut render)?,
        }
        Ok(if view.whole {
            ExitStatus::Done
        } else {
            ExitStatus::VerificationFailed
        })
    }
}

impl View {
    fn new(args: &Args, report: &Report) -> Self {
        Self {
            file: args.file.display().to_string(),
            directory: args.directory.display().to_string(),
            whole: report.is_whole(),
            tables: report.tables.iter().map(PlacesView::from).collect(),
            wrong_rows: report.wrong_rows.clone(),
            findings: report.findings.iter().map(ToString::to_string).collect(),
            source_changed: report.source_changed,
        }
    }

    fn print(&self, render: &mut Render<'_>) -> Result<(), Failure> {
        render.table(&self.tables)?;
        let out = render.printer.stdout();
        if self.whole {
            writeln!(
                out,
                "\nEvery row of {} is in {}, by count and by content",
                self.file, self.directory
            )?;
            return Ok(());
        }
        let wrong: Vec<String> = self
            .wrong_rows
            .iter()
            .map(|(problem, rows)| format!("{} {problem}", count(*rows)))
            .collect();
        let rows = if wrong.is_empty() {
            String::new()
        } else {
            format!(" (rows: {})", wrong.join(", "))
        };
        writeln!(out, "\n{} is not all of {}{rows}:", self.directory, self.file)?;
        for finding in &self.findings {
            writeln!(out, "  {finding}")?;
        }
        let named = self.findings.len() as u64;
        let total: u64 = self.wrong_rows.values().sum();
        if total > named {
            writeln!(out, "  and {} rows more", count(total - named))?;
        }
        if self.source_changed {
            writeln!(
                out,
                "\nThe split is as it was made: it is the old database that has changed since"
            )?;
        }
        writeln!(out, "\nSplit again; do not load this one")?;
        Ok(())
    }
}
