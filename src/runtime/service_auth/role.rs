//! Who calls.

use std::fmt;
use std::str::FromStr;

/// A kind of caller; each has keys of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A gateway pod.
    Pod,
    /// The HTTP tier.
    Http,
    /// `modbotctl`, and the config daemon where it drives a move.
    Operator,
}

/// A word that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a role: pod, http or operator")]
pub struct RoleError(String);

impl Role {
    /// The role's word in the header and in the signed text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pod => "pod",
            Self::Http => "http",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "pod" => Ok(Self::Pod),
            "http" => Ok(Self::Http),
            "operator" => Ok(Self::Operator),
            other => Err(RoleError(other.chars().take(20).collect())),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
