//! modbot: guilds of a Discord moderation bot, split over gateway pods and moved between them.
//!
//! The map, top level first. A module imports from the levels below its own, never from its own level
//! or above; `tests/levels.rs` holds that.
//!
//! | level | modules | what is there |
//! |---|---|---|
//! | bin | `src/bin/` | settings -> run, nothing else |
//! | ctl | [`ctl`] | `modbotctl`: one file per verb: parse -> operation -> render |
//! | services | [`config_service`], [`gateway_service`], [`http_service`], [`local`] | the daemons, and what starts servers on this machine |
//! | operations | [`operations`], [`moderation`] | what an operator can ask for, shared by the daemons and `modbotctl`; what the bot does, as pure handlers |
//! | stores | [`store`], [`client`], [`simulator`] | PostgreSQL, SQLite; the other daemons' APIs; a Discord on loopback |
//! | runtime | [`runtime`] | settings, telemetry, lifecycle, clock, files, service auth |
//! | domain | [`domain`] | values and rules: no I/O, no clock, no random |

pub mod client;
pub mod config_service;
pub mod ctl;
pub mod domain;
pub mod gateway_service;
pub mod http_service;
#[cfg(feature = "local")]
pub mod local;
pub mod moderation;
pub mod operations;
pub mod runtime;
#[cfg(feature = "local")]
pub mod simulator;
pub mod store;
