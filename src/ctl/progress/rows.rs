//! A bar on the terminal while files are read and rows are copied; nothing where there is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::watched;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::store::shard_db::bundle::CopyProgress;

/// Before the first row, and where it is not known how many there are.
const READING: &str = "{spinner} {msg} {elapsed}";
const COUNTING: &str = "{spinner} {human_pos} rows, {per_sec}  {msg}";
const COPYING: &str = "{bar:30} {human_pos}/{human_len} rows, {eta} left  {msg}";

/// A bar for copied rows; removed at the end.
pub(in crate::ctl) struct RowsBar(ProgressBar);

impl RowsBar {
    /// A bar that says what is done before the first row comes.
    pub(in crate::ctl) fn new(first: &'static str) -> Self {
        if !watched() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(first);
        bar.set_style(style(READING));
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Shows how far a copy has come.
    pub(in crate::ctl) fn show(&self, progress: CopyProgress) {
        let begins = self.0.position() == 0;
        match progress.total {
            Some(total) if self.0.length() != Some(total) => {
                self.0.set_length(total);
                self.0.set_style(style(COPYING));
                self.0.reset_eta();
            }
            None if begins => {
                self.0.set_style(style(COUNTING));
                self.0.reset_eta();
            }
            _ => {}
        }
        self.0.set_message(progress.table);
        self.0.set_position(progress.rows);
    }
}

impl Drop for RowsBar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Runs work on files in a thread of its own, so that Ctrl-C still ends the program. What is then half done is as
/// after a crash: nothing, or something that goes on when it is run again.
pub(in crate::ctl) async fn on_a_thread<T, E>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Failure>
where
    T: Send + 'static,
    E: Into<Failure> + Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(Into::into),
        Err(error) => Err(Failure::new(ExitStatus::Failed, error)),
    }
}
