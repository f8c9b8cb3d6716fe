//! Snowflakes other than a guild's.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The first millisecond of 2015, from which snowflakes count. Source: Discord, "Snowflakes".
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

struct Digits;

impl serde::de::Visitor<'_> for Digits {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a snowflake: decimal digits in a string, 1 to 2^63-1")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<u64, E> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
        text.parse()
            .ok()
            .filter(|raw| digits && i64::try_from(*raw).is_ok())
            .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

/// Declares one kind of snowflake: a decimal string in JSON, never above 2^63-1.
macro_rules! snowflake {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// The id held by a signed database column; none for a number that is no snowflake.
            pub fn from_i64(raw: i64) -> Option<Self> {
                u64::try_from(raw).ok().filter(|raw| *raw > 0).map(Self)
            }

            /// The id as signed database columns hold it: always positive.
            pub const fn as_i64(self) -> i64 {
                self.0.cast_signed()
            }

            /// When Discord made it, in Unix milliseconds.
            pub const fn created_at_ms(self) -> i64 {
                (self.0 >> 22).cast_signed() + DISCORD_EPOCH_MS
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Digits).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }
    };
}

snowflake! {
    /// A user.
    UserId
}
snowflake! {
    /// A channel or a thread.
    ChannelId
}
snowflake! {
    /// A message.
    MessageId
}
snowflake! {
    /// An entry of a guild's audit log.
    AuditEntryId
}
snowflake! {
    /// A role.
    RoleId
}
