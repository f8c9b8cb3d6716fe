//! HTTP servers with bounds: connections, header time, body size and time, request time.
//!
//! HTTP/1.1 only, one request at a time per connection, so the bound on connections is the bound on
//! requests in hand. Every server of ours is made here: [`framed`] the routes, then [`serve`] them.

mod accept;
mod body;
mod frame;
mod limits;
mod server_metrics;

pub use accept::serve;
pub use frame::framed;
pub use limits::Limits;
pub use server_metrics::ServerMetrics;
