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
    /// Every name that [`Refusal::name`] gives.
    pub const NAMES: [&str; 10] = [
        "guild_too_large",
        "guild_unreadable",
        "orphan_vote",
        "vote_of_refused",
        "no_guild",
        "several_guilds",
        "bad_id",
        "bad_instant",
        "no_instant",
        "bad_value",
    ];

    /// A short name, stable in machine output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::GuildTooLarge => Self::NAMES[0],
            Self::GuildUnreadable => Self::NAMES[1],
            Self::OrphanVote => Self::NAMES[2],
            Self::VoteOfRefused => Self::NAMES[3],
            Self::NoGuild => Self::NAMES[4],
            Self::SeveralGuilds => Self::NAMES[5],
            Self::BadId { .. } => Self::NAMES[6],
            Self::BadInstant { .. } => Self::NAMES[7],
            Self::NoInstant { .. } => Self::NAMES[8],
            Self::BadValue { .. } => Self::NAMES[9],
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

    /// The reason in at most 44 characters, for the operator.
    pub fn explain(&self) -> String {
        match self {
            Self::GuildTooLarge => "guild id above 2^63-1: no pod can own it".to_owned(),
            Self::GuildUnreadable => "guild id is NULL or not a number".to_owned(),
            Self::OrphanVote => "its escalation does not exist".to_owned(),
            Self::VoteOfRefused => "its escalation is in quarantine".to_owned(),
            Self::NoGuild => "no guild names its channel or role".to_owned(),
            Self::SeveralGuilds => "several guilds name its channel or role".to_owned(),
            Self::BadId { column, error } => format!("{column}: {error}"),
            Self::BadInstant { column } => format!("{column}: not a time"),
            Self::NoInstant { column } => format!("{column}: no time was stored"),
            Self::BadValue { column } => format!("{column}: a value of the wrong type"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_fit_beside_the_name_of_a_table() {
        let column = "reported_message_id";
        for refusal in [
            Refusal::GuildTooLarge,
            Refusal::GuildUnreadable,
            Refusal::OrphanVote,
            Refusal::VoteOfRefused,
            Refusal::NoGuild,
            Refusal::SeveralGuilds,
            Refusal::BadId {
                column,
                error: IdError::NotDecimal,
            },
            Refusal::BadId {
                column,
                error: IdError::Double,
            },
            Refusal::BadInstant { column },
            Refusal::NoInstant { column },
            Refusal::BadValue {
                column: "channel_category",
            },
        ] {
            assert!(refusal.explain().len() <= 44, "{}", refusal.explain());
        }
    }
}
