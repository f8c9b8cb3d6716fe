//! The simulated Discord, tried with the client that the gateway daemon uses, with bare sockets, and against
//! Discord's own captures and OpenAPI document.

mod api;
mod captures;
mod control;
mod effects;
mod faulty_api;
mod foreign;
mod guilds;
mod intents;
mod limits;
mod openapi;
mod raw;
mod resume;
mod sessions;
mod twilight;
mod under_load;

use std::path::PathBuf;
use std::time::Duration;

use modbot::simulator::settings::{GatewaySettings, RestSettings, WorldSettings};
use modbot::simulator::{Settings, Simulator};

/// Long enough for a busy machine; nothing waits as long as that when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A small world with intervals that tests can wait for.
fn settings() -> Settings {
    Settings {
        world: WorldSettings {
            guilds: 6,
            members_max: 30,
            ..WorldSettings::default()
        },
        gateway: GatewaySettings {
            heartbeat_interval: Duration::from_millis(500),
            identify_interval: Duration::ZERO,
            ..GatewaySettings::default()
        },
        rest: RestSettings {
            global_per_second: 10_000,
            route_limit_factor: 1000,
            ..RestSettings::default()
        },
        clock_stands: true,
        ..Settings::default()
    }
}

async fn start(settings: Settings) -> Simulator {
    Simulator::start(settings).await.unwrap()
}

/// A file or directory of Discord's own data, where it is.
fn discord_data(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/discord")
        .join(name);
    let path = path.exists().then_some(path);
    if path.is_none() {
        eprintln!("skipped: ../shared/data/discord/{name} is absent");
    }
    path
}
