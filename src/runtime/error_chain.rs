//! An error and its causes on one line, for logs and messages.
//!
//! Our errors never repeat their source in their own text, so the chain reads once.

use std::error::Error;
use std::fmt;

/// Displays `error: cause: cause`.
pub struct Chain<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
