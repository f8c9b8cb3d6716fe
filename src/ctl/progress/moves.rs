//! Moves as they end: lines, and on a terminal a bar with the time left below them.

use std::io::Write as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::watched;

const BAR: &str = "{bar:30} {pos}/{len} guilds  {elapsed} gone, {eta} left";

/// A bar for the moves of a plan.
pub(in crate::ctl) struct MovesBar(ProgressBar);

impl MovesBar {
    /// So many moves.
    pub(in crate::ctl) fn new(total: usize) -> Self {
        let bar = if watched() {
            ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        };
        bar.set_length(total as u64);
        bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }

    /// One has ended, in these words.
    pub(in crate::ctl) fn ended(&self, words: &str) {
        self.0.inc(1);
        let (number, total) = (self.0.position(), self.0.length().unwrap_or_default());
        self.say(&format!("{number}/{total} {words}"));
    }

    /// Something else worth a line.
    pub(in crate::ctl) fn say(&self, words: &str) {
        // Where stderr is gone there is nobody left to tell.
        self.0.suspend(|| {
            let _ = writeln!(std::io::stderr(), "{words}");
        });
    }

    /// Takes the bar off the screen.
    pub(in crate::ctl) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
