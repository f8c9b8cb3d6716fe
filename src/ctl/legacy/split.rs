//! `modbotctl legacy split`

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Serialize;

use super::view::{NoteView, PodView};
use super::{FILE, changes, failure, inspect, scratch};
use crate::ctl::connection::StoreArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, count};
use crate::ctl::progress::{ProgressArgs, with_progress};
use crate::domain::ids::{GuildId, NumShards};
use crate::operations::legacy::fleet;
use crate::operations::legacy::manifest::Manifest;
use crate::operations::legacy::split::{self, Options, Placement, Plan};
use crate::runtime::clock::SystemClock;

/// Split an old database into one file per pod
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Whole Discord shards go to pods, balanced by rows. DIR gets shard-0.sqlite3 and on,
global.sqlite3 (users), quarantine.sqlite3 (rows that belong nowhere, each with
its reason) and manifest.json. It appears when all of it is there, or not at all.
The old database is only read.

With --assign the fleet's config store says what goes where: guilds to their
owners, others to the host of their Discord shard; the rest is balanced.

Examples:
  modbotctl legacy split mod-bot.sqlite3 --pods 3 --out split --dry-run
  modbotctl legacy split mod-bot.sqlite3 --pods 3 --out split
  modbotctl legacy split mod-bot.sqlite3 --assign --out split"
)]
pub(in crate::ctl) struct Args {
    /// The old bot's database
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many pods: pod-0 and on
    #[arg(
        long,
        value_name = "N",
        required_unless_present = "assign",
        conflicts_with = "assign"
    )]
    pods: Option<NonZeroU32>,
    /// Take pods, Discord shards and owners from the config store
    #[arg(long)]
    assign: bool,
    /// Discord shards the fleet has: must be those of its config store
    #[arg(long, value_name = "N", default_value = "64", conflicts_with = "assign")]
    num_shards: NumShards,
    /// The directory to make; must not exist
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// A table that is not the old bot's and may stay behind; repeatable
    #[arg(long, value_name = "TABLE")]
    leave: Vec<String>,
    /// Show the balance, and make nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    store: StoreArgs,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    file: String,
    out: String,
    dry_run: bool,
    num_shards: NumShards,
    rows: u64,
    pods: Vec<PodView>,
    /// `None` in a dry run: the rows have only been counted.
    result: Option<ResultView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultView {
    split_id: String,
    carried: u64,
    global: u64,
    quarantined: u64,
    not_carried: u64,
    changes: Vec<NoteView>,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let (options, served) = self.options().await?;
        let num_shards = options.num_shards;
        let (file, out, dry_run) = (
            self.file.clone(),
            self.out.clone().unwrap_or_default(),
            self.dry_run,
        );
        let done = with_progress(self.progress, move |progress| {
            if dry_run {
                return split::plan(&file, &scratch(), options, progress).map(|plan| (plan, None));
            }
            split::split(&file, &out, &scratch(), options, &SystemClock, progress)
                .map(|(plan, manifest)| (plan, Some(manifest)))
        });
        let shown = self.file.display().to_string();
        let (plan, manifest) = done
            .await?
            .map_err(|error| failure::of_split(format!("cannot split {shown}"), error))?;
        let served = served.intersection(&plan.guilds).count();
        if served > 0 {
            let warning = format!(
                "the fleet serves {} of these guilds already: `legacy load` will refuse the split",
                count(served as u64)
            );
            context.printer.warn(&warning)?;
        }
        let view = View::new(shown, &self, num_shards, &plan, manifest.as_ref());
        let mut render = context.render_without_store(self.output, FILE);
        match self.output.output {
            Format::Json => render.single_json("LegacySplit", &view)?,
            Format::Name => writeln!(render.printer.stdout(), "{}", view.out)?,
            Format::Table | Format::Wide => view.print(&mut render)?,
        }
        Ok(ExitStatus::Done)
    }
}

impl Args {
    /// How to split, and which guilds a fleet serves already.
    async fn options(&self) -> Result<(Options, BTreeSet<GuildId>), Failure> {
        let options = |placement, num_shards| Options {
            placement,
            num_shards,
            writers: split::usual_writers(),
            leave: self.leave.clone(),
        };
        if let Some(pods) = self.pods {
            return Ok((options(Placement::Even(pods), self.num_shards), BTreeSet::new()));
        }
        let store = self.store.open().await?;
        let fleet = store.ask(fleet::read(&store.db)).await?;
        Ok((
            options(Placement::Store(fleet.assigned), fleet.num_shards),
            fleet.served,
        ))
    }
}

impl View {
    fn new(
        file: String,
        args: &Args,
        num_shards: NumShards,
        plan: &Plan,
        manifest: Option<&Manifest>,
    ) -> Self {
        Self {
            file,
            out: args
                .out
                .as_ref()
                .map_or_else(|| "split".to_owned(), |out| out.display().to_string()),
            dry_run: args.dry_run,
            num_shards,
            rows: plan.rows,
            pods: plan
                .pods
                .iter()
                .map(|pod| PodView::new(pod, plan.guild_rows))
                .collect(),
            result: manifest.map(|manifest| ResultView {
                split_id: manifest.split_id.clone(),
                carried: manifest.carried(),
                global: manifest.global.values().sum(),
                quarantined: manifest.quarantined(),
                not_carried: manifest.not_carried.values().sum(),
                changes: changes::views(
                    manifest
                        .changes
                        .iter()
                        .map(|(name, count)| (name.as_str(), *count)),
                ),
            }),
        }
    }

    fn print(&self, render: &mut Render<'_>) -> Result<(), Failure> {
        render.table(&self.pods)?;
        let out = render.printer.stdout();
        let Some(result) = &self.result else {
            writeln!(
                out,
                "\n{} rows would be split over {} pods (dry run: nothing was made)",
                count(self.rows),
                self.pods.len()
            )?;
            return Ok(());
        };
        writeln!(out, "\n{} is split into {}:", self.file, self.out)?;
        for (rows, what) in [
            (result.carried, "rows in the pods' files"),
            (result.global, "users, for the fleet (global.sqlite3)"),
            (result.quarantined, "rows in quarantine (quarantine.sqlite3)"),
            (
                result.not_carried,
                "sessions and other rows left behind: people log in again",
            ),
        ] {
            writeln!(out, "  {:>11}  {what}", count(rows))?;
        }
        if !result.changes.is_empty() {
            writeln!(out, "\nChanged on the way:")?;
            inspect::print_notes(out, &result.changes)?;
        }
        writeln!(
            out,
            "\nNext:\n  modbotctl legacy verify {} {}",
            self.file, self.out
        )?;
        Ok(())
    }
}
