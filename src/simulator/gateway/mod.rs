//! The gateway: v10, JSON, plain or `zstd-stream`, over a real socket.
//! Source: Discord developer documentation, "Gateway", "Gateway Events", "Opcodes and Status Codes".

mod admission;
mod close_code;
pub(super) mod connection;
pub(super) mod frame;
pub(super) mod identify;
pub(super) mod intents;
mod link;
pub(super) mod listener;
mod pace;
mod session;
pub(super) mod sessions;
pub(super) mod sharding;
mod transport;
