//! `modbotctl legacy join`

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{FILE, failure, scratch};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, count};
use crate::ctl::progress::{ProgressArgs, with_progress};
use crate::operations::legacy::join::{Report, Sources, join};

/// Join a split, and what was written since, into one old database
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The way back: the file has the old bot's tables, indexes and migrations. Put the
pods' newest files into DIR first, with every pod stopped. Each guild is taken
from the file that may write it. Rows that the old schema cannot hold are written
to FILE.left-out.jsonl, and the exit code is 6.

Example:
  modbotctl legacy join split --out mod-bot-again.sqlite3"
)]
pub(in crate::ctl) struct Args {
    /// What `legacy split` made, with the pods' newest files in it
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The file to make; must not exist
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    file: String,
    whole: bool,
    guilds: u64,
    rows: BTreeMap<&'static str, u64>,
    left_out: Vec<LeftOutView>,
    left_out_file: Option<String>,
    open_actions: u64,
    timers: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LeftOutView {
    table: &'static str,
    reason: &'static str,
    rows: u64,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let (directory, out) = (self.directory.clone(), self.out.clone());
        let joined = with_progress(self.progress, move |progress| {
            join(&Sources::of_split(&directory)?, &out, &scratch(), progress)
        });
        let shown = self.directory.display().to_string();
        let report = joined
            .await?
            .map_err(|error| failure::of_join(format!("cannot join {shown}"), error))?;
        let view = View::new(&self, &report);
        let mut render = context.render_without_store(self.output, FILE);
        match self.output.output {
            Format::Json => render.single_json("LegacyJoin", &view)?,
            Format::Name => writeln!(render.printer.stdout(), "{}", view.file)?,
            Format::Table | Format::Wide => view.print(&mut render)?,
        }
        Ok(if view.whole {
            ExitStatus::Done
        } else {
            ExitStatus::Partial
        })
    }
}

impl View {
    fn new(args: &Args, report: &Report) -> Self {
        let left_out = report.left_out.iter().map(|((table, reason), rows)| LeftOutView {
            table: table.name(),
            reason,
            rows: *rows,
        });
        Self {
            file: args.out.display().to_string(),
            whole: report.is_whole(),
            guilds: report.guilds,
            rows: report
                .rows
                .iter()
                .map(|(table, rows)| (table.name(), *rows))
                .collect(),
            left_out: left_out.collect(),
            left_out_file: report
                .left_out_file
                .as_ref()
                .map(|path| path.display().to_string()),
            open_actions: report.open_actions,
            timers: report.timers,
        }
    }

    fn print(&self, render: &mut Render<'_>) -> Result<(), Failure> {
        let out = render.printer.stdout();
        let rows = count(self.rows.values().sum());
        writeln!(
            out,
            "{} has {rows} rows of {} guilds; everyone logs in again",
            self.file,
            count(self.guilds)
        )?;
        for left_out in &self.left_out {
            let reason = left_out.reason.replace('_', " ");
            writeln!(
                out,
                "  left out: {} rows of {}: {reason}",
                count(left_out.rows),
                left_out.table
            )?;
        }
        if let Some(file) = &self.left_out_file {
            writeln!(out, "  they stand in {file}")?;
        }
        if self.open_actions > 0 {
            let actions = count(self.open_actions);
            writeln!(
                out,
                "  not done: {actions} actions that were decided; the old bot will not take them"
            )?;
        }
        if self.timers > 0 {
            let timers = count(self.timers);
            writeln!(
                out,
                "  {timers} timers are not needed: the old bot finds what is due by itself"
            )?;
        }
        Ok(())
    }
}
