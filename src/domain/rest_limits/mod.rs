//! How fast Discord's REST API may be called: the routes' own limits as its answers tell them, the pod's share of the
//! global one, and the count of invalid requests. Times are milliseconds of any clock that does not go back.

mod global;
mod invalid;
mod routes;

pub use global::Share;
pub use invalid::InvalidRequests;
pub use routes::{RouteKey, RouteLimits, Told};
