//! How our daemons and `modbotctl` know each other: HMAC-SHA256 over the request, with a key per role.
//!
//! [`sign`] and [`verify`] are pure; `now` is passed in. There is no memory of requests seen: every call
//! between our daemons may be repeated without harm, so the time window is enough. The headers and the
//! signed text are described in `docs/service-auth.md`.

mod client;
mod keys;
mod layer;
mod role;
mod signature;

pub use client::{SignedClient, SignedClientError};
pub use keys::{AuthSettings, Keys, MIN_KEY_BYTES, RoleKeys, SigningKey, key_setting};
pub use layer::{Caller, Guard, require};
pub use role::Role;
pub use signature::{AuthError, KNOWN_HEADER, Signed, SignedHeaders, WINDOW_MS, sign, verify};
