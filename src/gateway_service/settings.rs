//! The settings of a pod.

use std::path::PathBuf;
use std::time::Duration;

use super::fleet_settings::FleetArgs;
pub(super) use super::fleet_settings::FleetMember;
use crate::domain::ids::NumShards;
use crate::runtime::service_auth::{Keys, Role, RoleKeys, key_setting};
use crate::runtime::settings::{Problems, Secret, Settings, bytes, duration, secret, time_limit};

/// Who copies the pod's database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ReplicaKind {
    /// Nobody: a lost volume is lost.
    None,
    /// A Litestream sidecar.
    Litestream,
}

/// Settings of a pod beside the shell's.
#[derive(Debug, clap::Args)]
pub struct GatewaySettings {
    /// Own every guild, without a config service: one pod, alone.
    #[arg(long, env = "MODBOT_STANDALONE", value_name = "true|false", default_value = "false",
          action = clap::ArgAction::Set)]
    pub standalone: bool,
    /// What a pod of a fleet needs.
    #[command(flatten)]
    pub fleet: FleetArgs,
    /// The pod's database file; made where it is missing.
    #[arg(long, env = "MODBOT_SHARD_DB", value_name = "PATH")]
    pub shard_db: PathBuf,
    /// Who replicates the database.
    #[arg(long, env = "MODBOT_REPLICA", value_enum, default_value = "none")]
    pub replica: ReplicaKind,
    /// The bot's token.
    #[arg(long, env = "MODBOT_DISCORD_TOKEN", value_name = "TOKEN", hide_env_values = true, value_parser = secret)]
    pub discord_token: Secret,
    /// Discord's REST API.
    #[arg(long, env = "MODBOT_DISCORD_API_URL", value_name = "URL", default_value = "https://discord.com/api/v10",
          value_parser = http_url)]
    pub discord_api_url: String,
    /// Discord's gateway, where a session does not know a better address.
    #[arg(long, env = "MODBOT_DISCORD_GATEWAY_URL", value_name = "URL", default_value = "wss://gateway.discord.gg",
          value_parser = gateway_url)]
    pub discord_gateway_url: String,
    /// Discord shards of a pod that is alone; a fleet has its own number. Fixed once the database is made.
    #[arg(long, env = "MODBOT_NUM_SHARDS", value_name = "N", default_value = "64")]
    pub num_shards: NumShards,
    /// IDENTIFYs of the daily budget that a pod that is alone never uses.
    #[arg(long, env = "MODBOT_IDENTIFY_RESERVE", value_name = "N", default_value = "50")]
    pub identify_reserve: u32,
    /// Least time between two IDENTIFYs of one bucket; Discord asks for 5s.
    #[arg(long, env = "MODBOT_IDENTIFY_INTERVAL", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub identify_interval: Duration,
    /// Time for a call of Discord's REST API.
    #[arg(long, env = "MODBOT_DISCORD_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = time_limit)]
    pub discord_timeout: Duration,
    /// Longest wait between two tries of what failed (a write, a connection, a ticket).
    #[arg(long, env = "MODBOT_RETRY_MAX", value_name = "TIME", default_value = "30s", value_parser = time_limit)]
    pub retry_max: Duration,
    /// Time for a session to close on its way out.
    #[arg(long, env = "MODBOT_SESSION_CLOSE_TIME", value_name = "TIME", default_value = "3s", value_parser = time_limit)]
    pub session_close_time: Duration,
    /// Frames of one session between the socket and the disk; beyond it the session is closed and resumed later.
    #[arg(long, env = "MODBOT_FRAMES_IN_FLIGHT", value_name = "N", default_value = "20000",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub frames_in_flight: u32,
    /// Bytes of frames kept for one guild that is not served here; the oldest go beyond it.
    #[arg(long, env = "MODBOT_FORWARD_MAX", value_name = "SIZE", default_value = "16MiB", value_parser = bytes)]
    pub forward_max: usize,
    /// Frames that could not be applied kept for one guild; the oldest go beyond it.
    #[arg(long, env = "MODBOT_DEAD_FRAMES_MAX", value_name = "N", default_value = "1000",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub dead_frames_max: u32,
    /// Key that operators sign calls of the API with; without one nobody is believed.
    #[arg(long, env = "MODBOT_AUTH_OPERATOR_KEY", value_name = "KEY", hide_env_values = true, value_parser = key_setting)]
    pub auth_operator_key: Option<Secret>,
    /// Second accepted key of operators, during a rotation.
    #[arg(long, env = "MODBOT_AUTH_OPERATOR_KEY_OTHER", value_name = "KEY", hide_env_values = true,
          value_parser = key_setting)]
    pub auth_operator_key_other: Option<Secret>,
    /// How often it is looked for actions that nobody told of, such as those of a guild that is served again.
    #[arg(long, env = "MODBOT_OUTBOX_POLL", value_name = "TIME", default_value = "1s", value_parser = time_limit)]
    pub outbox_poll: Duration,
    /// How long after a start the bot's own messages are waited for, before one that may have been sent is sent again.
    #[arg(long, env = "MODBOT_OUTBOX_SETTLE_WAIT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub outbox_settle_wait: Duration,
    /// How long the freeze of a guild waits for its calls that are on the wire; what is there still is unknown then.
    #[arg(long, env = "MODBOT_OUTBOX_DRAIN_TIME", value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub outbox_drain_time: Duration,
    /// Invalid requests (401, 403, 429) risked in ten minutes; Discord shuts an address out at 10,000.
    #[arg(long, env = "MODBOT_DISCORD_INVALID_MAX", value_name = "N", default_value = "2000",
          value_parser = clap::value_parser!(u32).range(1..=9000))]
    pub discord_invalid_max: u32,
    /// How often kept message texts are looked through for those whose time is over.
    #[arg(long, env = "MODBOT_EXPIRY_INTERVAL", value_name = "TIME", default_value = "1m", value_parser = time_limit)]
    pub expiry_interval: Duration,
}

impl GatewaySettings {
    /// Whom the API believes.
    pub(super) fn keys(&self) -> Keys {
        let other = self.auth_operator_key_other.as_ref().map(Secret::expose);
        let operator = self
            .auth_operator_key
            .as_ref()
            .map(|key| (Role::Operator, RoleKeys::new(key.expose(), other)));
        let other = self.fleet.auth_pod_key_other.as_ref().map(Secret::expose);
        let pod = self
            .fleet
            .auth_pod_key
            .as_ref()
            .map(|key| (Role::Pod, RoleKeys::new(key.expose(), other)));
        Keys::new(operator.into_iter().chain(pod))
    }
}

pub(super) fn http_url(text: &str) -> Result<String, String> {
    url_of(text, &["http", "https"])
}

/// The gateway client adds its own path and query.
fn gateway_url(text: &str) -> Result<String, String> {
    url_of(text, &["ws", "wss"])
}

fn url_of(text: &str, schemes: &[&str]) -> Result<String, String> {
    let url: reqwest::Url = text.parse().map_err(|error| format!("not a URL: {error}"))?;
    if schemes.contains(&url.scheme()) && url.has_host() && url.query().is_none() {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(format!(
            "must be a {} URL with a host and no query",
            schemes.join(" or ")
        ))
    }
}

impl Settings for GatewaySettings {
    fn check(&self, problems: &mut Problems) {
        if !self.standalone {
            self.fleet.check(problems);
        }
        if self.replica == ReplicaKind::Litestream {
            problems.add(
                "MODBOT_REPLICA",
                "must be none: this version does not watch over a Litestream sidecar",
            );
        }
        if self.discord_token.expose().trim().is_empty() {
            problems.add("MODBOT_DISCORD_TOKEN", "is empty");
        }
    }
}
