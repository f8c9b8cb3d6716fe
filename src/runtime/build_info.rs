//! Which build this is.

use std::sync::LazyLock;

/// The crate's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from, where the build said so in `MODBOT_GIT_SHA`.
pub const GIT_SHA: &str = match option_env!("MODBOT_GIT_SHA") {
    Some(sha) => sha,
    None => "unknown",
};

static LONG_VERSION: LazyLock<String> = LazyLock::new(|| format!("{VERSION} ({GIT_SHA})"));

/// Version and commit, as `--version` shows them.
pub fn long_version() -> &'static str {
    &LONG_VERSION
}
