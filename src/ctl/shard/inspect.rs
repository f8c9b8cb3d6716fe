//! `modbotctl shard inspect`

use std::ffi::OsString;
use std::path::PathBuf;

use super::beside::BesideView;
use super::file_view::ShardFileView;
use super::view::ReportView;
use crate::client::pod_api::PodApi;
use crate::ctl::bundle::FILE;
use crate::ctl::connection::{Store, StoreArgs};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::{Format, OutputArgs, Render, Row};
use crate::ctl::pods::PodArgs;
use crate::ctl::progress::{RowsBar, on_a_thread};
use crate::domain::ids::PodId;
use crate::operations::pod_word::{self, Difference, PodWord};
use crate::operations::shards::ShardReport;
use crate::operations::{shard_file, shards};
use crate::store::config_db::{DiscordShardRow, Stamped};

/// Show one shard: its guilds, the largest first, and its sessions
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Of a pod's shard it shows what the config store knows and, with the operator's
key, what the pod says itself: fences, sessions, queues. Where the two do not
agree the row is marked <>, and the exit code is 3.

Of a file it shows what is in it: fences, rows, sessions, queues; no store is
asked, and the file may be in use.

The table shows the largest guilds; -o json has them all, -o name prints every
guild's name.

Examples:
  modbotctl shard inspect pod-3
  modbotctl shard inspect pod-3 --limit 50
  modbotctl shard inspect /data/modbot.sqlite3 --check"
)]
pub(in crate::ctl) struct Args {
    /// A pod (3, pod-3 or pod/3), or the path of a shard's file
    #[arg(value_name = "POD|FILE", allow_negative_numbers = true)]
    subject: Subject,
    /// How many guilds the table shows
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// Look through every page of the file first (exit code 7: damaged)
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    pods: PodArgs,
}

/// What is looked at. Whatever reads as a pod is one: a file called `pod-3` is `./pod-3`.
#[derive(Debug, Clone)]
enum Subject {
    Pod(PodId),
    File(PathBuf),
}

impl From<OsString> for Subject {
    fn from(text: OsString) -> Self {
        let pod = text.to_str().and_then(|text| text.parse().ok());
        pod.map_or_else(|| Self::File(text.into()), Self::Pod)
    }
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        match self.subject.clone() {
            Subject::Pod(pod) => self.pod(pod, context).await,
            Subject::File(path) => self.file(path, context).await,
        }
    }

    async fn pod(self, pod: PodId, context: &mut Context) -> Result<ExitStatus, Failure> {
        if self.check {
            return Err(Failure::message(
                ExitStatus::Usage,
                "--check looks at a file, not at a pod",
            ));
        }
        let store = self.store.open().await?;
        if let Some(api) = self.pods.api()? {
            return self.beside(pod, &store, &api, context).await;
        }
        let report = store.ask(shards::inspect(&store.db, pod)).await?;
        let view = ReportView::from(&report.value);
        let mut render = context.render(self.output, &report.stamp)?;
        match self.output.output {
            Format::Json => render.single_json("ShardReport", &view)?,
            Format::Name => names(&mut render, &view.guilds)?,
            Format::Table | Format::Wide => {
                render.details(&view.details())?;
                tables(&mut render, &view.guilds, &view.sessions, self.limit)?;
            }
        }
        Ok(ExitStatus::Done)
    }

    async fn beside(
        self,
        pod: PodId,
        store: &Store,
        api: &PodApi,
        context: &mut Context,
    ) -> Result<ExitStatus, Failure> {
        let (report, word, mut differences) = both(pod, store, api).await?;
        if !differences.is_empty() {
            // Something may have changed between the two questions: what differs still, differs.
            let (_, _, again) = both(pod, store, api).await?;
            differences.retain(|one| again.contains(one));
        }
        let view = BesideView::new(&report.value, &word, differences);
        let mut render = context.render(self.output, &report.stamp)?;
        match self.output.output {
            Format::Json => render.single_json("ShardReport", &view)?,
            Format::Name => names(&mut render, &view.guilds)?,
            Format::Table | Format::Wide => {
                render.details(&view.details())?;
                tables(&mut render, &view.guilds, &view.sessions, self.limit)?;
                if !view.differences.is_empty() {
                    writeln!(render.printer.stdout())?;
                    render.table(&view.differences)?;
                }
            }
        }
        Ok(if view.differences.is_empty() {
            ExitStatus::Done
        } else {
            ExitStatus::Refused
        })
    }

    async fn file(self, path: PathBuf, context: &mut Context) -> Result<ExitStatus, Failure> {
        let check = self.check;
        let bar = RowsBar::new("reading the file");
        let file = on_a_thread(move || {
            let _until_it_is_read = bar;
            shard_file::inspect(&path, check)
        })
        .await?;
        let view = ShardFileView::from(&file);
        let mut render = context.render_without_store(self.output, FILE);
        match self.output.output {
            Format::Json => render.single_json("ShardFile", &view)?,
            Format::Name => names(&mut render, &view.guilds)?,
            Format::Table | Format::Wide => {
                render.details(&view.details())?;
                tables(&mut render, &view.guilds, &view.sessions, self.limit)?;
            }
        }
        Ok(ExitStatus::Done)
    }
}

/// What config knows, what the pod says, and where they do not agree.
async fn both(
    pod: PodId,
    store: &Store,
    api: &PodApi,
) -> Result<(Stamped<ShardReport>, PodWord, Vec<Difference>), Failure> {
    let report = store.ask(shards::inspect(&store.db, pod)).await?;
    let word = pod_word::ask(api, &report.value.pod.api_url)
        .await
        .map_err(|error| {
            Failure::new(ExitStatus::Unreachable, error)
                .while_doing(format!("{pod} cannot be asked"))
                .hint("without the operator's key only the config store is asked")
        })?;
    let hosted: Vec<&DiscordShardRow> = report.value.hosted.iter().collect();
    let mut differences = pod_word::compare_guilds(&report.value.pod, &report.value.guilds, &word);
    differences.extend(pod_word::compare_sessions(&hosted, &word.health));
    Ok((report, word, differences))
}

fn names(render: &mut Render<'_>, guilds: &[impl Row]) -> Result<(), Failure> {
    for guild in guilds {
        writeln!(render.printer.stdout(), "{}", guild.name())?;
    }
    Ok(())
}

fn tables(
    render: &mut Render<'_>,
    guilds: &[impl Row],
    sessions: &[impl Row],
    limit: usize,
) -> Result<(), Failure> {
    let shown = &guilds[..limit.min(guilds.len())];
    if !shown.is_empty() {
        let (shown, all) = (shown.len(), guilds.len());
        writeln!(render.printer.stdout(), "\nGuilds, the largest {shown} of {all}:")?;
        render.table(&guilds[..shown])?;
    }
    if !sessions.is_empty() {
        writeln!(render.printer.stdout(), "\nSessions it hosts:")?;
        render.table(sessions)?;
    }
    Ok(())
}
