//! Who owns this guild?

use std::time::{Duration, Instant};

use super::caller::Caller;
use super::stage::{GUILDS, Stage, guild};

/// Calls a second and how long one takes.
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Figures {
    /// The figures of calls that took `times` within `span`.
    pub(crate) fn of(mut times: Vec<Duration>, span: Duration) -> Self {
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 100];
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let count = times.len() as f64;
        Self {
            per_second: count / span.as_secs_f64(),
            p50: at(50),
            p99: at(99),
        }
    }
}

/// Lookups of random guilds over `callers` connections.
pub(crate) async fn per_second(stage: &Stage, callers: usize, span: Duration) -> Figures {
    let mut running = tokio::task::JoinSet::new();
    let started = Instant::now();
    for number in 0..callers as u64 {
        let address = stage.address.clone();
        running.spawn(async move {
            let mut caller = Caller::connect(&address, Stage::key()).await;
            let (mut times, mut random) = (Vec::new(), number + 1);
            while started.elapsed() < span {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let path = format!("/v1/guilds/{}", guild((random >> 33) % GUILDS));
                let asked = Instant::now();
                caller.call("GET", &path, "").await;
                times.push(asked.elapsed());
            }
            times
        });
    }
    let times = running.join_all().await.concat();
    Figures::of(times, started.elapsed())
}
