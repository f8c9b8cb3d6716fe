//! Bytes that are not what Litestream writes.
