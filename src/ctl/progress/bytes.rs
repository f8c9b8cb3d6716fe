//! Progress of long work, on stderr while somebody watches.

use indicatif::{ProgressBar, ProgressStyle};

use super::watched;
use crate::operations::restore::{Phase, Progress};

const BAR: &str = "{prefix}{msg:9} {bar:30} {bytes:>11} of {total_bytes} {bytes_per_sec:>13} eta {eta}";
const SPINNER: &str = "{prefix}{msg:9} {spinner}";

/// A bar with an estimate; hidden where stderr is no terminal, `TERM` is dumb or `CI` is set.
pub(in crate::ctl) struct Bar(ProgressBar);

impl Bar {
    pub(in crate::ctl) fn new(hidden: bool) -> Self {
        let bar = if watched() && !hidden {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        Self(bar)
    }

    /// Says whose the next work is, where it is of several.
    pub(in crate::ctl) fn of(&self, whose: impl std::fmt::Display) {
        self.0.set_prefix(format!("{whose} "));
    }

    /// Shows how far it has come.
    pub(in crate::ctl) fn tell(&self, progress: Progress) {
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
    pub(in crate::ctl) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
