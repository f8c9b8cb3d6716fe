//! The numbers that order changes. Each only grows; none means anything across kinds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares one counter: a newtype over `u64` that fits a signed database column.
macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// The counter at this value.
            pub const fn new(value: u64) -> Self {
                Self(value)
            }

            /// The counter held by a signed database column; a negative one counts as zero.
            pub const fn from_i64(value: i64) -> Self {
                Self(if value < 0 { 0 } else { value.cast_unsigned() })
            }

            /// The value.
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The value as signed database columns hold it.
            pub const fn as_i64(self) -> i64 {
                if self.0 > i64::MAX.cast_unsigned() { i64::MAX } else { self.0.cast_signed() }
            }

            /// The next value.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

counter! {
    /// A guild's fencing number: one more with every change of owner.
    Epoch
}
counter! {
    /// One life of a pod: minted by config at every start, unique in the fleet.
    Incarnation
}
counter! {
    /// A position in the config store's history: one more with every change, in commit order.
    Revision
}
counter! {
    /// A Discord shard's session: one more with every IDENTIFY, so that positions are ordered.
    SessionNo
}
