//! Restoring from replicas that the real Litestream wrote.

mod codec;
mod damage;
mod drill;
mod expected;
mod lineages;
mod live;
mod ltx_writer;
mod s3;
mod support;
mod verbs;
mod wal;
