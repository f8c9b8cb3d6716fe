//! A Discord on loopback: gateway v10 over a real socket and the REST routes that modbot calls, with a world
//! of guilds, load, faults on demand, and a ledger of everything it sent and was asked.
//!
//! Written from Discord's documents and captures, not from modbot's types: it imports nothing of the crate.
//! Where Discord documents nothing, both answers are settings (see [`settings`]) or the choice is said where it is made.
//!
//! ```text
//! Simulator::start(Settings) -> urls: gateway (ws), rest (http), control (http)
//!     .act(Act)        users and moderators do something: an event follows
//!     .fault(Fault)    connections, sessions, REST answers break
//!     .load(Load)      seeded traffic; .burst(Load) the same at once
//!     .ledger()        events, sessions, attempts, requests, effects; Ledger::reckon computes lost and doubled
//! ```

mod acts;
mod clock;
mod control;
mod events;
mod faults;
mod gateway;
mod handle;
mod happenings;
mod interactions;
pub mod ledger;
mod load;
mod payload;
mod rest;
pub mod settings;
mod snowflake;
mod state;
mod views;
mod world;

pub use acts::{Act, ActError, Say};
pub use faults::{Fault, RestAnswer, RestFault, Target};
pub use handle::{LoadRun, Simulator, StartError, Urls, WaitError};
pub use ledger::Ledger;
pub use load::{Load, Mix, SpamMessage, SpamWave};
pub use settings::Settings;
pub use snowflake::Snowflake;
pub use views::{GuildView, MemberView, SessionView, Summary};

/// The routes that the REST API has, as (method, path): what a test checks by Discord's OpenAPI document.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    rest::routes::ROUTES
        .iter()
        .map(|route| (route.method, route.path))
}
