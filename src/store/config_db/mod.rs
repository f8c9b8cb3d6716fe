//! The config store.
