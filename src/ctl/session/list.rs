//! `modbotctl session list`

use std::collections::{BTreeMap, BTreeSet};

use crate::client::pod_api::{PodApi, PodHealth};
use crate::ctl::connection::{Store, StoreArgs};
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::OutputArgs;
use crate::ctl::pods::{DifferenceView, PodArgs};
use crate::ctl::session::{SessionBeside, SessionView};
use crate::domain::ids::PodId;
use crate::operations::pod_word;
use crate::runtime::error_chain::Chain;
use crate::store::config_db::DiscordShardRow;

/// List the Discord shards, with the pod that hosts each and its session
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A Discord shard is one gateway session with Discord; its host receives the
events of all guilds in it, and passes on those of guilds that other pods own.
SESSION counts the identifies of a Discord shard; RESUME AT is the sequence
number that is safely stored.

With the operator's key each host is asked too, and its word stands beside
config's; where they do not agree the row is marked <>, and the exit code is 3.

Examples:
  modbotctl session list --pod pod-3
  modbotctl session list --unhosted"
)]
pub(in crate::ctl) struct Args {
    /// Only those that this pod hosts
    #[arg(long, value_name = "POD", conflicts_with = "unhosted")]
    pod: Option<PodId>,
    /// Only those that no pod hosts
    #[arg(long)]
    unhosted: bool,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    pods: PodArgs,
}

impl Args {
    pub(in crate::ctl) async fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let store = self.store.open().await?;
        let mut shards = store.ask(store.db.discord_shards()).await?;
        shards.value.retain(|shard| match (self.pod, self.unhosted) {
            (Some(pod), _) => shard.host == Some(pod),
            (None, true) => shard.host.is_none(),
            (None, false) => true,
        });
        let Some(api) = self.pods.api()? else {
            let views: Vec<SessionView> = shards.value.iter().map(SessionView::from).collect();
            context.render(self.output, &shards.stamp)?.list(&views)?;
            return Ok(ExitStatus::Done);
        };
        let words = ask_hosts(&api, &store, &shards.value).await?;
        let differences = differences(&words, &shards.value);
        let by_subject = DifferenceView::by_subject(&differences);
        let views: Vec<SessionBeside> = shards
            .value
            .iter()
            .map(|row| beside(row, &words, &by_subject))
            .collect();
        context.render(self.output, &shards.stamp)?.list(&views)?;
        Ok(if differences.is_empty() {
            ExitStatus::Done
        } else {
            ExitStatus::Refused
        })
    }
}

/// What each host says, or why it says nothing.
type Words = BTreeMap<PodId, Result<PodHealth, String>>;

async fn ask_hosts(api: &PodApi, store: &Store, shards: &[DiscordShardRow]) -> Result<Words, Failure> {
    let hosts: BTreeSet<PodId> = shards.iter().filter_map(|row| row.host).collect();
    let pods = store.ask(store.db.pods()).await?.value;
    let asked = pods
        .into_iter()
        .filter(|pod| hosts.contains(&pod.pod))
        .map(|pod| async move {
            let word = api.health(&pod.api_url).await;
            (pod.pod, word.map_err(|error| Chain(&error).to_string()))
        });
    Ok(futures_util::future::join_all(asked).await.into_iter().collect())
}

fn differences(words: &Words, shards: &[DiscordShardRow]) -> Vec<DifferenceView> {
    let mut found = Vec::new();
    for (pod, word) in words {
        let hosted: Vec<&DiscordShardRow> = shards.iter().filter(|row| row.host == Some(*pod)).collect();
        match word {
            Ok(health) => {
                let differing = pod_word::compare_sessions(&hosted, health).into_iter();
                found.extend(differing.map(DifferenceView::from));
            }
            Err(why) => {
                found.extend(hosted.iter().map(|row| {
                    DifferenceView::no_answer(format!("discord-shard/{}", row.shard), why.clone())
                }));
            }
        }
    }
    found
}

fn beside(
    row: &DiscordShardRow,
    words: &Words,
    differences: &BTreeMap<&str, &DifferenceView>,
) -> SessionBeside {
    let word = row.host.and_then(|pod| words.get(&pod));
    let says = word.and_then(|word| pod_word::session_of(word.as_ref().ok()?, row.shard));
    let subject = format!("discord-shard/{}", row.shard);
    let differs = differences.get(subject.as_str()).map(|one| one.pod().to_owned());
    SessionBeside::new(SessionView::from(row), says, differs)
}
