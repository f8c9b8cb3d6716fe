//! Restoring from replicas that the real Litestream wrote.

mod codec;
mod damage;
mod expected;
mod support;
