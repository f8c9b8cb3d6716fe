//! `modbotctl legacy sample`

use std::path::PathBuf;

use serde::Serialize;

use super::{FILE, failure};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, count};
use crate::ctl::progress::{ProgressArgs, with_progress};
use crate::operations::legacy::sample::{self, Options};

/// Make an old database out of nothing, to try the other verbs on
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every table has rows and every trap of the old schema is set at least once. The
same seed gives the same file.

Example:
  modbotctl legacy sample --guilds 120 --rows 60000 --out old.sqlite3"
)]
pub(in crate::ctl) struct Args {
    /// How many guilds
    #[arg(long, value_name = "N", default_value_t = 120)]
    guilds: usize,
    /// How many rows over all tables
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    rows: u64,
    /// Chooses what is left to chance
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
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
    seed: u64,
    guilds: u64,
    rows: u64,
    /// Rows that a split keeps in quarantine.
    quarantined: u64,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let options = Options {
            guilds: self.guilds,
            rows: self.rows,
            seed: self.seed,
        };
        let path = self.out.clone();
        let made = with_progress(self.progress, move |progress| {
            sample::make(&path, options, progress)
        })
        .await?;
        let file = self.out.display().to_string();
        let truth = made.map_err(|error| failure::of_sample(format!("cannot make {file}"), error))?;
        let view = View {
            file,
            seed: self.seed,
            guilds: truth.per_guild.len() as u64,
            rows: truth.rows(),
            quarantined: truth.quarantined.values().sum(),
        };
        let mut render = context.render_without_store(self.output, FILE);
        match self.output.output {
            Format::Json => render.single_json("LegacySample", &view)?,
            Format::Name => writeln!(render.printer.stdout(), "{}", view.file)?,
            Format::Table | Format::Wide => writeln!(
                render.printer.stdout(),
                "{} has {} rows of {} guilds (seed {}); {} of them are traps for quarantine",
                view.file,
                count(view.rows),
                count(view.guilds),
                view.seed,
                count(view.quarantined)
            )?,
        }
        Ok(ExitStatus::Done)
    }
}
