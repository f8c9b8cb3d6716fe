//! Settings of `modbot-config`.

use std::time::Duration;

use crate::runtime::service_auth::AuthSettings;
use crate::runtime::settings::{Problems, Secret, Settings, duration, secret, time_limit};
use crate::store::config_db::{ConfigDbSettings, FlagRule};

/// Settings beside the shell's.
#[derive(Debug, clap::Args)]
pub struct ConfigSettings {
    /// PostgreSQL, as postgres://user:password@host:port/database (required; a secret)
    #[arg(long, env = "MODBOT_STORE_URL", hide_env_values = true, value_parser = secret, value_name = "URL",
          help_heading = "Store")]
    pub store_url: Secret,
    /// Connections to PostgreSQL, at most
    #[arg(long, env = "MODBOT_STORE_MAX_CONNECTIONS", value_name = "N", default_value = "16", help_heading = "Store",
          value_parser = clap::value_parser!(u32).range(4..=1000))]
    pub store_max_connections: u32,
    /// How long to wait for a connection to PostgreSQL
    #[arg(long, env = "MODBOT_STORE_ACQUIRE_TIMEOUT", value_name = "TIME", default_value = "3s", help_heading = "Store",
          value_parser = time_limit)]
    pub store_acquire_timeout: Duration,
    /// How long one statement may run
    #[arg(long, env = "MODBOT_STORE_STATEMENT_TIMEOUT", value_name = "TIME", default_value = "5s",
          help_heading = "Store", value_parser = time_limit)]
    pub store_statement_timeout: Duration,
    /// How often to look whether the store is there and ours
    #[arg(long, env = "MODBOT_STORE_CHECK_INTERVAL", value_name = "TIME", default_value = "1s", help_heading = "Store",
          value_parser = time_limit)]
    pub store_check_interval: Duration,
    /// How long a pod's lease runs after each heartbeat
    #[arg(long, env = "MODBOT_LEASE_TTL", value_name = "TIME", default_value = "30s", help_heading = "Fleet",
          value_parser = time_limit)]
    pub lease_ttl: Duration,
    /// How long a released session waits for its former host before others may adopt it
    #[arg(long, env = "MODBOT_SESSION_HOLD", value_name = "TIME", default_value = "60s", help_heading = "Fleet",
          value_parser = duration)]
    pub session_hold: Duration,
    /// How often to deal Discord shards without a host
    #[arg(long, env = "MODBOT_DEAL_INTERVAL", value_name = "TIME", default_value = "5s", help_heading = "Fleet",
          value_parser = time_limit)]
    pub deal_interval: Duration,
    /// How often to look for moves that nobody drives, and for rows that may go
    #[arg(long, env = "MODBOT_MOVE_INTERVAL", value_name = "TIME", default_value = "2s", help_heading = "Moves",
          value_parser = time_limit)]
    pub move_interval: Duration,
    /// How long a driver of a move may be silent before another one takes the move up
    #[arg(long, env = "MODBOT_MOVE_LEASE", value_name = "TIME", default_value = "15s", help_heading = "Moves",
          value_parser = time_limit)]
    pub move_lease: Duration,
    /// How long a pod may take for a step of a move
    #[arg(long, env = "MODBOT_MOVE_CALL_TIMEOUT", value_name = "TIME", default_value = "30s", help_heading = "Moves",
          value_parser = time_limit)]
    pub move_call_timeout: Duration,
    /// How long the source keeps its rows after a move
    #[arg(long, env = "MODBOT_MOVE_KEEP", value_name = "TIME", default_value = "1h", help_heading = "Moves",
          value_parser = duration)]
    pub move_keep: Duration,
    /// Moves that one replica drives at once
    #[arg(long, env = "MODBOT_MOVES_AT_ONCE", value_name = "N", default_value = "4", help_heading = "Moves",
          value_parser = clap::value_parser!(u32).range(1..=64))]
    pub moves_at_once: u32,
    /// How long the replica of a retired lineage is kept
    #[arg(long, env = "MODBOT_LINEAGE_KEEP", value_name = "TIME", default_value = "720h", help_heading = "Fleet",
          value_parser = duration)]
    pub lineage_keep: Duration,
    /// Identifies a day kept for the operator
    #[arg(long, env = "MODBOT_IDENTIFY_RESERVE", value_name = "N", default_value = "100", help_heading = "Fleet",
          value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub identify_reserve: u32,
    /// How many guilds must flag a user to make a cross-guild event
    #[arg(long, env = "MODBOT_CROSS_GUILD_GUILDS", value_name = "N", default_value = "3", help_heading = "Fleet",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub cross_guild_guilds: u32,
    /// Within which time they must
    #[arg(long, env = "MODBOT_CROSS_GUILD_WINDOW", value_name = "TIME", default_value = "720h", help_heading = "Fleet",
          value_parser = time_limit)]
    pub cross_guild_window: Duration,
    /// Watch streams at once
    #[arg(long, env = "MODBOT_MAX_WATCHERS", value_name = "N", default_value = "256", help_heading = "Watch",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub max_watchers: u32,
    /// How often a quiet watch stream sends a line
    #[arg(long, env = "MODBOT_WATCH_KEEPALIVE", value_name = "TIME", default_value = "5s", help_heading = "Watch",
          value_parser = time_limit)]
    pub watch_keepalive: Duration,
    /// How often to look for changes that no announcement told of
    #[arg(long, env = "MODBOT_WATCH_POLL", value_name = "TIME", default_value = "1s", help_heading = "Watch",
          value_parser = time_limit)]
    pub watch_poll: Duration,
    /// How many revisions to keep for watchers that come back
    #[arg(long, env = "MODBOT_WATCH_KEEP", value_name = "N", default_value = "100000", help_heading = "Watch",
          value_parser = clap::value_parser!(u32).range(1..))]
    pub watch_keep: u32,
    /// Whom to believe.
    #[command(flatten)]
    pub auth: AuthSettings,
}

impl Settings for ConfigSettings {
    fn check(&self, problems: &mut Problems) {
        self.auth.check(problems);
        let url = self.store_url.expose();
        let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        if !is_postgres || !self.store().url_is_valid() {
            problems.add(
                "MODBOT_STORE_URL",
                "is no URL: write postgres://user:password@host:port/database",
            );
        }
    }
}

impl ConfigSettings {
    /// How to reach the store.
    pub(super) fn store(&self) -> ConfigDbSettings {
        ConfigDbSettings {
            max_connections: self.store_max_connections,
            acquire_timeout: self.store_acquire_timeout,
            statement_timeout: self.store_statement_timeout,
            ..ConfigDbSettings::new(self.store_url.expose().into(), "modbot-config")
        }
    }

    /// When flags become an event.
    pub(super) fn flag_rule(&self) -> FlagRule {
        FlagRule {
            guilds: self.cross_guild_guilds,
            window: self.cross_guild_window,
        }
    }

    /// The lease in milliseconds.
    pub(super) fn lease_ttl_ms(&self) -> u64 {
        u64::try_from(self.lease_ttl.as_millis()).unwrap_or(u64::MAX)
    }
}
