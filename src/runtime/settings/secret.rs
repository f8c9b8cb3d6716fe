//! A secret as clap carries it.

use std::convert::Infallible;

use secrecy::{ExposeSecret, SecretString};

/// A secret setting: `Debug` shows `[REDACTED]`, memory is wiped on drop.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The secret itself: for the one place that uses it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The clap value parser of a secret of any form. A parser for one with a form must not quote it in its
/// errors.
pub fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}
