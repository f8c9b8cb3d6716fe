//! A pod's id: its ordinal in the `StatefulSet`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A gateway pod's ordinal, `0..=9999`: kept over restarts; see [`super::Incarnation`] for one life of it.
///
/// A number in JSON; `pod-3` to people, `3`, `pod-3` and `pod/3` from them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct PodId(u32);

/// Why a text or number is no pod id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pod {0:?} is not a pod: write its ordinal (0 to 9999), as in 3 or pod-3")]
pub struct PodIdError(String);

impl PodId {
    const MAX: u32 = 9_999;

    /// The pod with this ordinal.
    pub fn new(ordinal: u32) -> Result<Self, PodIdError> {
        if ordinal > Self::MAX {
            Err(PodIdError(ordinal.to_string()))
        } else {
            Ok(Self(ordinal))
        }
    }

    /// The pod held by a signed database column.
    pub fn from_i32(ordinal: i32) -> Result<Self, PodIdError> {
        u32::try_from(ordinal)
            .map_err(|_| PodIdError(ordinal.to_string()))
            .and_then(Self::new)
    }

    /// The ordinal.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The ordinal as signed database columns hold it.
    pub const fn as_i32(self) -> i32 {
        self.0.cast_signed()
    }
}

impl FromStr for PodId {
    type Err = PodIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || PodIdError(text.chars().take(40).collect());
        let digits = text
            .strip_prefix("pod-")
            .or_else(|| text.strip_prefix("pod/"))
            .unwrap_or(text);
        let one_spelling = digits == "0" || !digits.starts_with('0');
        if digits.is_empty() || !one_spelling || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(refused());
        }
        digits
            .parse()
            .ok()
            .and_then(|n| Self::new(n).ok())
            .ok_or_else(refused)
    }
}

impl TryFrom<u32> for PodId {
    type Error = PodIdError;

    fn try_from(ordinal: u32) -> Result<Self, Self::Error> {
        Self::new(ordinal)
    }
}

impl From<PodId> for u32 {
    fn from(pod: PodId) -> Self {
        pod.0
    }
}

impl fmt::Display for PodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` keeps the widths that log lines and tables ask for.
        f.pad(&format!("pod-{}", self.0))
    }
}

impl fmt::Debug for PodId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pod-{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_three_spellings_and_no_other() {
        for text in ["3", "pod-3", "pod/3"] {
            assert_eq!(text.parse::<PodId>().unwrap().get(), 3);
        }
        for text in [
            "",
            "pod-",
            "-3",
            "03",
            "pod-03",
            "10000",
            "99999999999",
            "three",
            "pod3",
            " 3",
        ] {
            assert!(text.parse::<PodId>().is_err(), "{text}");
        }
        assert_eq!(PodId::new(3).unwrap().to_string(), "pod-3");
        assert!(PodId::from_i32(-1).is_err());
    }

    #[test]
    fn is_a_number_in_json() {
        assert_eq!(serde_json::to_string(&PodId::new(3).unwrap()).unwrap(), "3");
        assert!(serde_json::from_str::<PodId>("10000").is_err());
    }
}
