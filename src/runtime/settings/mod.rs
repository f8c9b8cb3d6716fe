//! Settings of a daemon: environment variables, described and parsed by clap.
//!
//! Everything is read and checked before anything is started, and every problem is reported at once
//! under its variable's name. A secret comes from `X` or from the file named by `X_FILE`, never from the
//! command line, and is never shown. The variables come from a [`Source`], so a test can give a map.

mod load;
mod problems;
mod secret;
mod source;
mod values;

pub use load::{Effective, LoadError, Loaded, load};
pub use problems::Problems;
pub use secret::{Secret, secret};
pub use source::{Environment, Source};
pub use values::{bytes, duration, time_limit};

/// A daemon's settings: clap arguments, each with `long` and `env`.
///
/// A secret is a [`Secret`] with `hide_env_values = true` and a parser that never quotes it, as [`secret`].
pub trait Settings: clap::Args + Send {
    /// What one field alone cannot say: reports each problem under its variable's name.
    fn check(&self, _problems: &mut Problems) {}
}
