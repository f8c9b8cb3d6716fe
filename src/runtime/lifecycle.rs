//! How a process stops: not ready at once, a wait, no new work, finish what is in hand, end.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The phases of stopping, each a token, and the work that is waited for.
#[derive(Clone, Default)]
pub struct Lifecycle {
    /// Cancelled at the first signal: `/readyz` turns to 503, work goes on.
    pub stopping: CancellationToken,
    /// Cancelled after the shutdown delay: accept nothing new, end loops and streams.
    pub draining: CancellationToken,
    /// What is in hand; waited for until the deadline. Background loops belong in here too and must
    /// watch `draining`.
    pub tasks: TaskTracker,
}

/// Time limits of stopping.
#[derive(Debug, Clone, Copy)]
pub struct StopTimes {
    /// From not-ready to not accepting: time for load balancers to notice.
    pub delay: Duration,
    /// From not accepting to the end, whatever is still in hand.
    pub deadline: Duration,
}

/// SIGTERM and SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// A signal that asks the process to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM, from an init system or a kubelet.
    Terminate,
    /// SIGINT, from a keyboard.
    Interrupt,
}

impl StopSignal {
    /// The exit status of a process ended at once by this signal: 128 and its number.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

impl Signals {
    /// Takes over both signals: from here on neither kills the process by itself. Inside a runtime.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal.
    pub async fn next(&mut self) -> StopSignal {
        tokio::select! {
            _ = self.terminate.recv() => StopSignal::Terminate,
            _ = self.interrupt.recv() => StopSignal::Interrupt,
        }
    }
}

impl Lifecycle {
    /// Runs until a signal, then stops in order. `Err` is a second signal: end at once.
    pub async fn run(&self, signals: &mut Signals, times: StopTimes) -> Result<(), StopSignal> {
        let first = signals.next().await;
        let delay_ms = u64::try_from(times.delay.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            signal = first.name(),
            delay_ms,
            "stopping: not ready any more; a second signal ends at once"
        );
        tokio::select! {
            () = self.stop(times) => Ok(()),
            second = signals.next() => {
                tracing::warn!(signal = second.name(), abandoned = self.tasks.len(), "second signal: ending at once");
                Err(second)
            }
        }
    }

    async fn stop(&self, times: StopTimes) {
        self.stopping.cancel();
        tokio::time::sleep(times.delay).await;
        self.draining.cancel();
        self.tasks.close();
        tracing::info!(
            in_hand = self.tasks.len(),
            "accepting nothing new; finishing what is in hand"
        );
        if timeout(times.deadline, self.tasks.wait()).await.is_err() {
            tracing::warn!(
                abandoned = self.tasks.len(),
                "deadline reached: ending with work in hand"
            );
        } else {
            tracing::info!("stopped");
        }
    }
}
