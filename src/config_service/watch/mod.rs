//! The watch: one reader of the store per replica, any number of watchers.

mod feed;
mod hub;
mod line;
mod ring;
mod watcher;

pub(super) use hub::{Hub, Refused};
