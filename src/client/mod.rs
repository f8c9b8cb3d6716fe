//! The APIs of our daemons and of others: what goes over the wire, and typed clients.

pub mod config_api;
pub mod discord;
pub mod pod_api;
