//! `modbotctl legacy load`

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{failure, scratch};
use crate::ctl::actor;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Cells, Column, Format, OutputArgs, Render, Row, count};
use crate::ctl::progress::{ProgressArgs, on_a_thread, with_progress_between};
use crate::domain::ids::PodId;
use crate::operations::legacy::load::{self, PartReport, Report, Request, Way};

/// Accounts that are named when they were left out.
const NAMED: usize = 5;

/// Bring a split into a fleet: store, pods' files, users
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Run it with the old bot off and the pods stopped. A pod without a file gets a
copy of its file of the split, compared row for row; where there is a file,
guilds are imported one by one. Refuses guilds that the fleet has already,
before anything is touched. Pods that the store does not know are declared.

Running it again changes nothing, and finishes what was interrupted: the guilds
are recorded first, and no pod begins a recorded guild anew.

Example:
  modbotctl legacy load split --pod pod-0=/data/pod-0.sqlite3 \\
      --pod pod-1=/data/pod-1.sqlite3 --reason cutover"
)]
pub(in crate::ctl) struct Args {
    /// What `legacy split` made
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// A pod and where its file is, or will be; once for every pod of the split
    #[arg(long = "pod", value_name = "POD=FILE", required = true, value_parser = target)]
    pods: Vec<(PodId, PathBuf)>,
    /// Leave pods that are not named for another run
    #[arg(long)]
    partly: bool,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    progress: ProgressArgs,
    #[command(flatten)]
    store: StoreArgs,
}

fn target(text: &str) -> Result<(PodId, PathBuf), String> {
    match text.split_once('=') {
        Some((pod, file)) if !file.is_empty() => {
            let pod = pod.parse().map_err(|error| format!("{error}"))?;
            Ok((pod, PathBuf::from(file)))
        }
        _ => Err("write a pod and its file, as in pod-0=/data/pod-0.sqlite3".to_owned()),
    }
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let shown = self.directory.display().to_string();
        let name = self.directory.file_name().unwrap_or(self.directory.as_os_str());
        let wanted = self
            .change
            .want(format!("load {shown}"), name.to_string_lossy().into_owned())?;
        let failed = |error| failure::of_load(format!("cannot load {shown}"), error);
        let request = Request {
            directory: self.directory,
            targets: self.pods,
            partly: self.partly,
            scratch: scratch(),
            holder: format!(
                "modbotctl legacy load (process {}, user {})",
                std::process::id(),
                actor::of_this_process()
            ),
        };
        let prepared = on_a_thread(move || Ok::<_, Failure>(load::prepare(request))).await?;
        let prepared = prepared.map_err(failed)?;
        let store = self.store.open().await?;
        let would = load::preview(&store.db, &prepared, &wanted.rehearsal()).await;
        let would = would.map_err(failed)?;
        let dry_run = wanted.is_dry_run();
        let done = if dry_run {
            would
        } else {
            let authority = wanted.agreed(&mut context.printer, effect(&would.value)).await?;
            let run = async |progress| load::run(&store.db, prepared, &authority, progress).await;
            with_progress_between(self.progress, run).await.map_err(failed)?
        };
        let view = View::new(shown.clone(), &done.value, dry_run);
        let mut render = context.render(self.output, &done.stamp)?;
        match self.output.output {
            Format::Json => render.single_json("LegacyLoad", &view)?,
            Format::Name => {
                for pod in &view.pods {
                    writeln!(render.printer.stdout(), "{}", pod.name())?;
                }
            }
            Format::Table | Format::Wide => view.print(&mut render, Path::new(&shown))?,
        }
        Ok(if done.value.is_whole() {
            ExitStatus::Done
        } else {
            ExitStatus::Partial
        })
    }
}

/// What is asked for, in a few words.
fn effect(report: &Report) -> String {
    let rows: u64 = report.parts.iter().map(|part| part.rows).sum();
    let pods: Vec<String> = report.parts.iter().map(|part| part.pod.to_string()).collect();
    format!(
        "{} new guilds and {} rows into {}, {} users into the store",
        count(report.new_guilds),
        count(rows),
        pods.join(", "),
        count(report.users.total)
    )
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    directory: String,
    dry_run: bool,
    whole: bool,
    changed: bool,
    pods: Vec<PodView>,
    /// Pods of the split that were not named.
    left: Vec<PodId>,
    new_guilds: u64,
    users: u64,
    /// `None` in a dry run: they are not looked at.
    new_users: Option<u64>,
    left_out_users: Vec<LeftOutView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodView {
    pod: PodId,
    file: String,
    how: &'static str,
    guilds: u64,
    rows: u64,
    already: u64,
    moved_on: u64,
}

#[derive(Serialize)]
struct LeftOutView {
    rowid: i64,
    column: &'static str,
    reason: &'static str,
}

const fn how(way: Way) -> &'static str {
    match way {
        Way::HandOver => "a copy of the split's file",
        Way::Import => "guild by guild",
        Way::Nothing => "was there already",
    }
}

impl From<&PartReport> for PodView {
    fn from(part: &PartReport) -> Self {
        Self {
            pod: part.pod,
            file: part.file.display().to_string(),
            how: how(part.way),
            guilds: part.guilds,
            rows: part.rows,
            already: part.already,
            moved_on: part.moved_on,
        }
    }
}

impl Row for PodView {
    const KIND: &'static str = "LegacyLoadPod";
    const COLUMNS: &'static [Column] = &[
        Column::text("POD"),
        Column::number("GUILDS"),
        Column::number("ROWS"),
        Column::number("THERE BEFORE"),
        Column::number("MOVED ON").wide(),
        Column::text("HOW"),
        Column::text("FILE").wide(),
    ];

    fn name(&self) -> String {
        self.pod.to_string()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.pod.to_string(),
            count(self.guilds),
            count(self.rows),
            count(self.already),
            count(self.moved_on),
            self.how.to_owned(),
            self.file.clone(),
        ]
    }
}

impl View {
    fn new(directory: String, report: &Report, dry_run: bool) -> Self {
        let left_out = report.users.left_out.iter().map(|user| LeftOutView {
            rowid: user.rowid,
            column: user.column,
            reason: user.reason,
        });
        Self {
            directory,
            dry_run,
            whole: report.is_whole(),
            changed: !report.is_unchanged(),
            pods: report.parts.iter().map(PodView::from).collect(),
            left: report.left.clone(),
            new_guilds: report.new_guilds,
            users: report.users.total,
            new_users: (!dry_run).then_some(report.users.added),
            left_out_users: left_out.collect(),
        }
    }

    fn print(&self, render: &mut Render<'_>, directory: &Path) -> Result<(), Failure> {
        render.table(&self.pods)?;
        let out = render.printer.stdout();
        let guilds: u64 = self.pods.iter().map(|pod| pod.guilds).sum();
        let (new, users) = (count(self.new_guilds), count(self.users));
        writeln!(out)?;
        let line = match self.new_users {
            None => format!(
                "{} guilds would be loaded, {new} of them new to the store, and {users} users\n\
                 dry run: nothing was changed",
                count(guilds)
            ),
            Some(_) if !self.changed => format!("{} is loaded already: nothing was changed", self.directory),
            Some(added) => format!(
                "{} is loaded: {} guilds ({new} new to the store), {users} users ({} new)",
                self.directory,
                count(guilds),
                count(added)
            ),
        };
        writeln!(out, "{line}")?;
        for user in self.left_out_users.iter().take(NAMED) {
            writeln!(
                out,
                "  left out: the user at rowid {}: its {} is {}",
                user.rowid, user.column, user.reason
            )?;
        }
        if self.left_out_users.len() > NAMED {
            writeln!(out, "  and {} users more", self.left_out_users.len() - NAMED)?;
        }
        if !self.left_out_users.is_empty() {
            let file = directory.join("global.sqlite3");
            writeln!(out, "  they stay in {}", file.display())?;
        }
        if !self.left.is_empty() {
            let left: Vec<String> = self.left.iter().map(ToString::to_string).collect();
            writeln!(out, "Left for another run: {}", left.join(", "))?;
        }
        Ok(())
    }
}
