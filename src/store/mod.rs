//! What modbot keeps: the config store (PostgreSQL) and the pod's database (SQLite).

pub mod config_db;
pub mod legacy_db;
pub mod read_only;
pub mod shard_db;
