//! Why a row cannot go to a pod.

use super::id::IdError;

/// Why a row of the old database is kept in quarantine: byte for byte, with this reason, until it is joined
/// back or mended by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The guild's id is above 2^63-1, or a double: no guild of Discord's has such an id before the year 2084.
    GuildTooLarge,
    /// The guild's id is NULL or not a decimal number.
    GuildUnreadable,
    /// The vote names an escalation that does not exist.
    OrphanVote,
    /// The vote names an escalation that is in quarantine itself.
    VoteOfRefused,
    /// Neither the channel nor the role of the row is known to belong to a guild.
    NoGuild,
    /// The channel or role is named by rows of several guilds.
    SeveralGuilds,
    /// An id, other than the guild's, that is NULL, above 2^63-1 or not decimal.
    BadId {
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        error: IdError,
    },
    /// A text where an instant belongs.
    BadInstant {
        /// The column.
        column: &'static str,
    },
    /// No time was ever stored, and no snowflake of the row says when it was made.
    NoInstant {
        /// The column.
        column: &'static str,
    },
    /// A value of a type that the column cannot hold: a blob, a text that is not UTF-8, a text for a number,
    /// NULL where there must be something.
    BadValue {
        /// The column.
        column: &'static str,
    },
}

impl Refusal {
    /// A short name, stable in machine output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::GuildTooLarge => "guild_too_large",
            Self::GuildUnreadable => "guild_unreadable",
            Self::OrphanVote => "orphan_vote",
            Self::VoteOfRefused => "vote_of_refused",
            Self::NoGuild => "no_guild",
            Self::SeveralGuilds => "several_guilds",
            Self::BadId { .. } => "bad_id",
            Self::BadInstant { .. } => "bad_instant",
            Self::NoInstant { .. } => "no_instant",
            Self::BadValue { .. } => "bad_value",
        }
    }

    /// The column at fault, where it is one.
    pub const fn column(&self) -> Option<&'static str> {
        match self {
            Self::BadId { column, .. }
            | Self::BadInstant { column }
            | Self::NoInstant { column }
            | Self::BadValue { column } => Some(column),
            _ => None,
        }
    }

    /// The reason in words, for the operator.
    pub const fn explain(&self) -> &'static str {
        match self {
            Self::GuildTooLarge => "the guild's id is above 2^63-1: no pod can own it",
            Self::GuildUnreadable => "the guild's id is NULL or not a number",
            Self::OrphanVote => "the escalation it votes in does not exist",
            Self::VoteOfRefused => "the escalation it votes in is in quarantine",
            Self::NoGuild => "its guild cannot be told: no row of a guild names its channel or role",
            Self::SeveralGuilds => "its guild cannot be told: several guilds name its channel or role",
            Self::BadId { .. } => "an id is NULL, too large or not a number",
            Self::BadInstant { .. } => "a time that cannot be read",
            Self::NoInstant { .. } => "no time was stored, and no id says when it was made",
            Self::BadValue { .. } => "a value of the wrong type",
        }
    }
}
