//! The settings that every daemon has.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Command;
use tracing_subscriber::filter::EnvFilter;

use super::Daemon;
use crate::runtime::lifecycle::StopTimes;
use crate::runtime::server::Limits;
use crate::runtime::settings::{Problems, Settings, bytes, duration, time_limit};
use crate::runtime::telemetry::parse_filter;

/// Settings of every daemon.
#[derive(Debug, clap::Args)]
pub(super) struct ShellSettings {
    /// Address of the API port; port 0 takes a free one.
    #[arg(long, env = "MODBOT_LISTEN", value_name = "ADDR:PORT")]
    pub(super) listen: SocketAddr,
    /// Address of the admin port (/livez, /readyz, /metrics, /version, /loops, /log-filter).
    #[arg(long, env = "MODBOT_ADMIN_LISTEN", value_name = "ADDR:PORT")]
    pub(super) admin_listen: SocketAddr,
    /// Write the bound addresses to this file as JSON, once requests are accepted.
    #[arg(long, env = "MODBOT_ADDR_FILE", value_name = "PATH")]
    pub(super) addr_file: Option<PathBuf>,
    /// What to log: a level, or target=level, comma separated [default: info]
    #[arg(long, env = "MODBOT_LOG_FILTER", value_name = "FILTER", value_parser = filter)]
    pub(super) log_filter: Option<String>,
    /// Read where the one above is not set
    #[arg(long, env = "LOG_FILTER", value_name = "FILTER", value_parser = filter)]
    pub(super) plain_log_filter: Option<String>,
    /// From SIGTERM (not ready) to accepting nothing new.
    #[arg(long, env = "MODBOT_SHUTDOWN_DELAY", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub(super) shutdown_delay: Duration,
    /// From accepting nothing new to the end; delay and deadline together must stay below the grace period.
    #[arg(long, env = "MODBOT_SHUTDOWN_DEADLINE", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub(super) shutdown_deadline: Duration,
    /// Connections at once on the API port.
    #[arg(long, env = "MODBOT_MAX_CONNECTIONS", value_name = "N", default_value = "1024",
          value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(super) max_connections: u32,
    /// Time for a request's head; idle connections are closed by it too.
    #[arg(long, env = "MODBOT_HEADER_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = time_limit)]
    pub(super) header_timeout: Duration,
    /// Time for a request's body.
    #[arg(long, env = "MODBOT_BODY_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = time_limit)]
    pub(super) body_timeout: Duration,
    /// Time for an answer.
    #[arg(long, env = "MODBOT_REQUEST_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = time_limit)]
    pub(super) request_timeout: Duration,
    /// Largest request body.
    #[arg(long, env = "MODBOT_MAX_BODY", value_name = "SIZE", default_value = "1MiB", value_parser = bytes)]
    pub(super) max_body: usize,
}

fn filter(text: &str) -> Result<String, String> {
    parse_filter(text)
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

impl ShellSettings {
    /// The log filter.
    pub(super) fn filter(&self) -> EnvFilter {
        let chosen = self.log_filter.as_deref().or(self.plain_log_filter.as_deref());
        // It was parsed once already.
        parse_filter(chosen.unwrap_or("info")).unwrap_or_default()
    }

    pub(super) fn stop_times(&self) -> StopTimes {
        StopTimes {
            delay: self.shutdown_delay,
            deadline: self.shutdown_deadline,
        }
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            connections: usize::try_from(self.max_connections).unwrap_or(usize::MAX),
            header_time: self.header_timeout,
            body_time: self.body_timeout,
            body_bytes: self.max_body,
            request_time: self.request_timeout,
            write_stall: self.header_timeout,
        }
    }

    fn check(&self, problems: &mut Problems) {
        if self.listen == self.admin_listen && self.listen.port() != 0 {
            problems.add("MODBOT_ADMIN_LISTEN", "is the same address as MODBOT_LISTEN");
        }
    }
}

/// The shell's settings and the daemon's own.
#[derive(Debug, clap::Args)]
pub(super) struct AllSettings<S: clap::Args> {
    #[command(flatten)]
    pub(super) shell: ShellSettings,
    #[command(flatten)]
    pub(super) own: S,
}

impl<S: Settings> Settings for AllSettings<S> {
    fn check(&self, problems: &mut Problems) {
        self.shell.check(problems);
        self.own.check(problems);
    }
}

/// The settings with the daemon's own default addresses.
pub(super) struct Defaulted<D: Daemon>(pub(super) AllSettings<D::Settings>);

impl<D: Daemon> clap::FromArgMatches for Defaulted<D> {
    fn from_arg_matches(matches: &clap::ArgMatches) -> Result<Self, clap::Error> {
        AllSettings::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &clap::ArgMatches) -> Result<(), clap::Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<D: Daemon> clap::Args for Defaulted<D> {
    fn augment_args(command: Command) -> Command {
        <AllSettings<D::Settings> as clap::Args>::augment_args(command)
            // The derived texts of the flattened structs are not the daemon's.
            .about(D::ABOUT)
            .long_about(None)
            .mut_arg("listen", |arg| arg.default_value(D::LISTEN).required(false))
            .mut_arg("admin_listen", |arg| {
                arg.default_value(D::ADMIN_LISTEN).required(false)
            })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<D: Daemon> Settings for Defaulted<D> {
    fn check(&self, problems: &mut Problems) {
        self.0.check(problems);
    }
}
