//! A bar on the terminal while rows are copied; nothing where there is no terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::watched;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::store::shard_db::bundle::CopyProgress;

/// A bar for copied rows; removed at the end.
pub(in crate::ctl) struct RowsBar(ProgressBar);

impl RowsBar {
    pub(in crate::ctl) fn new() -> Self {
        Self(if watched() {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        } else {
            ProgressBar::hidden()
        })
    }

    /// Shows how far a copy has come.
    pub(in crate::ctl) fn show(&self, progress: CopyProgress) {
        let style = match progress.total {
            Some(total) if self.0.length() != Some(total) => {
                self.0.set_length(total);
                "{bar:30} {human_pos}/{human_len} rows, {eta} left  {msg}"
            }
            None if self.0.position() == 0 => "{spinner} {human_pos} rows  {msg}",
            _ => "",
        };
        if !style.is_empty() {
            self.0
                .set_style(ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar()));
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
