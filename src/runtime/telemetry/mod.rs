//! Logs: one JSON object per line on stdout, or for people where stdout is a terminal.

mod panic;

use std::io::IsTerminal as _;

use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt, reload};

/// Changes what is logged while the daemon runs.
#[derive(Clone)]
pub struct LogFilter {
    handle: reload::Handle<EnvFilter, Registry>,
}

/// A log filter that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LogFilterError {
    /// Not in the filter language.
    #[error("not a log filter: {reason}")]
    Invalid {
        /// What the parser says.
        reason: String,
    },
    /// The subscriber is gone.
    #[error("logging is not running")]
    NotRunning,
}

/// Checks a filter such as `info,modbot::config_service=debug`.
pub fn parse_filter(filter: &str) -> Result<EnvFilter, LogFilterError> {
    let invalid = |reason: String| LogFilterError::Invalid { reason };
    if filter.trim().is_empty() {
        return Err(invalid(
            "it is empty; write a level or target=level, comma separated".into(),
        ));
    }
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| invalid(error.to_string()))
}

/// Starts logging for the process and makes panics log and abort. Call once.
pub fn start(filter: EnvFilter) -> Result<LogFilter, LogFilterError> {
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    let started = if std::io::stdout().is_terminal() {
        registry.with(fmt::layer().with_target(false)).try_init()
    } else {
        let json = fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false);
        registry.with(json).try_init()
    };
    started.map_err(|_| LogFilterError::NotRunning)?;
    panic::log_and_abort();
    Ok(LogFilter { handle })
}

impl LogFilter {
    /// The filter in force.
    pub fn current(&self) -> String {
        self.handle.with_current(ToString::to_string).unwrap_or_default()
    }

    /// Puts another filter in force.
    pub fn set(&self, filter: &str) -> Result<(), LogFilterError> {
        let filter = parse_filter(filter)?;
        self.handle.reload(filter).map_err(|_| LogFilterError::NotRunning)
    }
}
