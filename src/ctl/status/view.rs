//! The fleet as `status` prints it.

use serde::Serialize;

use crate::ctl::output::{age, count};
use crate::ctl::pod::PodView;
use crate::operations::overview::{Concern, Overview};

/// The fleet, as in `kind: Status`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatusView {
    postgres_version: String,
    schema: i64,
    guilds: u64,
    troubled_guilds: u64,
    active_moves: u64,
    open_cleanups: u64,
    discord_shards: u32,
    unhosted_discord_shards: u64,
    /// Null: not known.
    identifies_left: Option<u32>,
    pub(super) concerns: Vec<ConcernView>,
    pods: Vec<PodView>,
}

/// Something that needs an operator.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConcernView {
    kind: &'static str,
    pub(super) message: String,
}

impl From<&Overview> for StatusView {
    fn from(fleet: &Overview) -> Self {
        let store = &fleet.store;
        Self {
            postgres_version: store.postgres_version.clone(),
            schema: fleet.schema.found,
            guilds: store.guilds,
            troubled_guilds: store.troubled_guilds,
            active_moves: store.active_moves,
            open_cleanups: store.open_cleanups,
            discord_shards: store.num_shards.get(),
            unhosted_discord_shards: store.unhosted_shards,
            identifies_left: store.identifies_left,
            concerns: fleet.concerns().iter().map(ConcernView::from).collect(),
            pods: fleet.pods.iter().map(PodView::from).collect(),
        }
    }
}

impl From<&Concern> for ConcernView {
    fn from(concern: &Concern) -> Self {
        let (kind, message) = match concern {
            Concern::Recovering { reason, waiting_for } => {
                let waiting = match waiting_for.as_slice() {
                    [] => "no pod; it ends shortly".to_owned(),
                    pods => pods
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", "),
                };
                let message = format!("the config store is recovering ({reason}); it waits for {waiting}");
                ("recovering", message)
            }
            Concern::Lapsed { pod, for_ms, guilds } => {
                let (over, guilds) = (age(*for_ms), count(*guilds));
                let message = format!("{pod}'s lease has been over for {over} (guilds: {guilds})");
                ("lapsed", message)
            }
            Concern::NoOpenPod => ("noOpenPod", "no pod takes new guilds".to_owned()),
            Concern::TroubledGuilds(n) => {
                let message = format!(
                    "{} guilds are in trouble and nobody may serve them: modbotctl guild list -o wide",
                    count(*n)
                );
                ("troubledGuilds", message)
            }
            Concern::UnhostedShards(n) => {
                let message = format!(
                    "{} Discord shards have no host: modbotctl session list --unhosted",
                    count(*n)
                );
                ("unhostedDiscordShards", message)
            }
            Concern::FewIdentifies(n) => {
                let message = format!("{n} identifies are left for today");
                ("fewIdentifies", message)
            }
        };
        Self { kind, message }
    }
}
