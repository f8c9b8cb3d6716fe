//! How far a long verb has come: a bar with the time left on a terminal, a line for each finished step elsewhere.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::watched;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::output::count;
use crate::operations::legacy::progress::{Progress, Step};

/// Rows between two looks at the bar.
const EVERY: u64 = 4_096;

/// Whether to show how far it has come.
#[derive(Debug, Clone, Copy, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::ctl) struct ProgressArgs {
    /// Say nothing until it is done
    #[arg(long)]
    no_progress: bool,
}

/// Shows a verb's progress on stderr.
pub(in crate::ctl) struct Shown {
    quiet: bool,
    bar: Option<ProgressBar>,
    step: Mutex<Option<(Step, Instant)>>,
    rows: AtomicU64,
}

impl Shown {
    fn new(args: ProgressArgs) -> Self {
        let terminal = watched() && !args.no_progress;
        let bar = terminal.then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        Self {
            quiet: args.no_progress,
            bar,
            step: Mutex::new(None),
            rows: AtomicU64::new(0),
        }
    }

    /// Ends the step in hand.
    fn end_step(&self) {
        let ended = self.step.lock().ok().and_then(|mut step| step.take());
        let rows = self.rows.swap(0, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            return;
        }
        let (Some((step, since)), false) = (ended, self.quiet) else {
            return;
        };
        let took = since.elapsed().as_secs_f64();
        let rows = if rows > 0 {
            format!(", {} rows", count(rows))
        } else {
            String::new()
        };
        // Where stderr is gone there is nobody left to tell.
        let _ = writeln!(std::io::stderr(), "{}: done{rows}, {took:.1}s", step.doing());
    }
}

impl Progress for Shown {
    fn begin(&self, step: Step, total: Option<u64>) {
        self.end_step();
        if let Ok(mut current) = self.step.lock() {
            *current = Some((step, Instant::now()));
        }
        let Some(bar) = &self.bar else { return };
        let form = if total.is_some() {
            "{msg} [{bar:24}] {percent:>3}% {human_pos}/{human_len} rows, {eta} left"
        } else {
            "{msg} {spinner} {elapsed}"
        };
        let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.reset();
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(step.doing());
        match total {
            Some(total) => bar.set_length(total),
            None => bar.unset_length(),
        }
        bar.enable_steady_tick(Duration::from_millis(200));
    }

    fn advance(&self, rows: u64) {
        let before = self.rows.fetch_add(rows, Ordering::Relaxed);
        if let Some(bar) = &self.bar
            && before / EVERY != (before + rows) / EVERY
        {
            bar.set_position(before + rows);
        }
    }
}

/// Does work that blocks in a thread of its own, so that Ctrl-C still ends the program, and shows its progress.
pub(in crate::ctl) async fn with_progress<T: Send + 'static>(
    args: ProgressArgs,
    work: impl FnOnce(&dyn Progress) -> T + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(move || {
        let shown = Shown::new(args);
        let done = work(&shown);
        shown.end_step();
        done
    });
    done.await
        .map_err(|error| Failure::new(ExitStatus::Failed, error))
}

/// The same for work that waits for others in between.
pub(in crate::ctl) async fn with_progress_between<T>(
    args: ProgressArgs,
    work: impl AsyncFnOnce(Arc<dyn Progress + Send>) -> T,
) -> T {
    let shown = Arc::new(Shown::new(args));
    let done = work(Arc::clone(&shown) as Arc<dyn Progress + Send>).await;
    shown.end_step();
    done
}
