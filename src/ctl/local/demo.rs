//! `modbotctl local demo`

use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Cells, Column, Format, OutputArgs, Row, count};
use crate::domain::ids::PodId;
use crate::local::demo::{DemoPod, DemoReport, DemoSettings, DemoStep, run};
use crate::local::postgres::Search;

/// Who says so: nobody but this machine.
const LOCAL: &str = "local";

/// Show the config service at work: new guilds placed through all replicas at once
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Starts PostgreSQL and the config daemons on this machine, lets pods attach that
only pretend, and has many callers ask at once who owns guilds that nobody has
seen before. All must name the same owner (exit 7 if not). Everything is stopped
and removed at the end.

Example:
  modbotctl local demo --guilds 2000 --pods 5"
)]
pub(in crate::ctl) struct Args {
    /// New guilds
    #[arg(long, value_name = "N", default_value = "500", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    guilds: u32,
    /// Pods that pretend
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=64))]
    pods: u32,
    /// Config daemons
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(1..=8))]
    replicas: u32,
    /// Callers at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = clap::value_parser!(u32).range(1..=256))]
    callers: u32,
    /// PostgreSQL's programs: a bin directory [default: what is installed, else .tools]
    #[arg(long, value_name = "DIR", env = "MODBOT_PG_BIN")]
    pg_bin: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let programs = std::env::current_exe()?;
        let settings = DemoSettings {
            programs: programs.parent().map(PathBuf::from).unwrap_or_default(),
            postgres: Search {
                bin: self.pg_bin,
                tools: Some(PathBuf::from(".tools")),
            },
            replicas: self.replicas,
            pods: self.pods,
            guilds: self.guilds,
            callers: self.callers,
            patience: Duration::from_mins(1),
        };
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        bar.set_style(
            ProgressStyle::with_template("{bar:30} {pos}/{len} answers, {eta} left")
                .unwrap_or(ProgressStyle::default_bar()),
        );
        let mut told = Ok(());
        let shown = run(&settings, |step| {
            let line = match step {
                DemoStep::Store => "PostgreSQL runs and has its schema".to_owned(),
                DemoStep::Replicas(n) => format!("{n} config daemons are ready"),
                DemoStep::Pods(n) => format!("{n} pods have attached; 64 Discord shards are dealt"),
                DemoStep::Placing(done, total) => {
                    bar.set_length(total);
                    bar.set_position(done);
                    return;
                }
            };
            if let Err(error) = writeln!(context.printer.stderr(), "{line}") {
                told = Err(error);
            }
        })
        .await;
        bar.finish_and_clear();
        told?;
        let report = shown
            .map_err(|error| Failure::new(ExitStatus::Failed, error).while_doing("cannot show the fleet"))?;
        let view = DemoView::new(&report, self.callers, self.replicas);
        let mut render = context.render_without_store(self.output, LOCAL);
        match self.output.output {
            Format::Json => render.single_json("Demo", &view)?,
            Format::Name => render.list(&view.pods)?,
            Format::Table | Format::Wide => {
                render.table(&view.pods)?;
                writeln!(render.printer.stdout(), "\n{}", view.sentence())?;
            }
        }
        Ok(if view.disagreements == 0 {
            ExitStatus::Done
        } else {
            ExitStatus::VerificationFailed
        })
    }
}

/// What was seen, as in `kind: Demo`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoView {
    pods: Vec<DemoPodView>,
    callers: u32,
    replicas: u32,
    answers: u64,
    disagreements: u64,
    placing_ms: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoPodView {
    pod: PodId,
    guilds: u64,
    discord_shards: u64,
    at_home: u64,
}

impl DemoView {
    fn new(report: &DemoReport, callers: u32, replicas: u32) -> Self {
        Self {
            pods: report.pods.iter().map(DemoPodView::from).collect(),
            callers,
            replicas,
            answers: report.answers,
            disagreements: report.disagreements,
            placing_ms: u64::try_from(report.placing.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn sentence(&self) -> String {
        let verdict = match self.disagreements {
            0 => "every guild has one owner, whoever asked".to_owned(),
            n => format!("{} answers disagree", count(n)),
        };
        let (callers, replicas) = (self.callers, self.replicas);
        let (whole, tenths) = (self.placing_ms / 1_000, self.placing_ms % 1_000 / 100);
        format!(
            "{} answers to {callers} callers through {replicas} config daemons in {whole}.{tenths} s:\n{verdict}",
            count(self.answers)
        )
    }
}

impl From<&DemoPod> for DemoPodView {
    fn from(pod: &DemoPod) -> Self {
        Self {
            pod: pod.pod,
            guilds: pod.guilds,
            discord_shards: pod.discord_shards,
            at_home: pod.at_home,
        }
    }
}

impl Row for DemoPodView {
    const KIND: &'static str = "DemoPod";
    const COLUMNS: &'static [Column] = &[
        Column::text("POD"),
        Column::number("GUILDS (config)"),
        Column::number("DISCORD SHARDS (config)"),
        Column::number("GUILDS AT HOME"),
    ];

    fn name(&self) -> String {
        format!("pod/{}", self.pod.get())
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![
            self.pod.to_string(),
            count(self.guilds),
            self.discord_shards.to_string(),
            count(self.at_home),
        ]
    }
}
