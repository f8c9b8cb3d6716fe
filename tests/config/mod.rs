//! `modbot-config` as its callers see it: real replicas over a real PostgreSQL.

mod crash;
mod lost_history;
mod placing;
mod refusals;
mod repeating;
mod watching;
