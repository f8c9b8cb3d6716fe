//! Progress of long work, on stderr while somebody watches.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};

use crate::operations::restore::{Phase, Progress};
use crate::runtime::settings::{Environment, Source as _};

const BAR: &str = "{msg:9} {bar:30} {bytes:>11} of {total_bytes} {bytes_per_sec:>13} eta {eta}";
const SPINNER: &str = "{msg:9} {spinner}";

/// A bar with an estimate; hidden where stderr is no terminal, `TERM` is dumb or `CI` is set.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new(hidden: bool) -> Self {
        let variable = |name: &str| {
            Environment
                .get(name)
                .map(|value| value.to_string_lossy().into_owned())
        };
        let dumb = variable("TERM").as_deref() == Some("dumb");
        let watched = std::io::stderr().is_terminal() && !dumb && variable("CI").is_none();
        let bar = if watched && !hidden {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        Self(bar)
    }

    /// Shows how far it has come.
    pub(super) fn tell(&self, progress: Progress) {
        if self.0.is_hidden() {
            return;
        }
        let message = match progress.phase {
            Phase::Planning => "planning",
            Phase::Reading => "reading",
            Phase::Syncing => "syncing",
            Phase::Checking => "checking",
        };
        if self.0.message() != message {
            let template = if progress.total == 0 { SPINNER } else { BAR };
            self.0.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            self.0.set_message(message);
        }
        self.0.set_length(progress.total);
        self.0.set_position(progress.done);
    }

    /// Takes the bar off the screen.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
