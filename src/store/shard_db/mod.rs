//! The pod database.
