//! `modbot-config`: who owns which guild, over HTTP. Stateless over PostgreSQL: any number of replicas, none
//! special.

mod api;
mod daemon;
mod failure;
mod guild_batch;
mod loops;
mod reply;
mod service;
mod settings;
mod stamping;
mod store_check;
mod watch;

pub use daemon::{Config, ConfigError};
pub use settings::ConfigSettings;
