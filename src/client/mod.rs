//! The other parts of the fleet, as clients.

pub mod discord;
