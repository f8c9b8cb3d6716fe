//! The APIs of our daemons and of others: what goes over the wire, and typed clients; and the bucket of replicas.

pub mod config_api;
pub mod discord;
pub mod pod_api;
pub mod replica;
