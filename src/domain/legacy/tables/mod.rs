//! The old bot's tables, declared once: what creates them, checks them, reads them and carries them.

mod declared;

/// One of the old bot's application tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OldTable {
    /// One row per registered guild, with its settings.
    Guilds,
    /// A guild's plan.
    GuildSubscriptions,
    /// One row per message, without its content.
    MessageStats,
    /// The last day's messages, with content for an hour.
    MessageCache,
    /// What was reported.
    ReportedMessages,
    /// Votes about a user.
    Escalations,
    /// One vote in an escalation.
    EscalationRecords,
    /// What moderators did.
    ModActions,
    /// A user's log thread.
    UserThreads,
    /// A user's deletion-log thread.
    DeletionLogThreads,
    /// Channels that nobody should write to.
    HoneypotConfig,
    /// Reactions that forward a message.
    ReactjiChannelerConfig,
    /// Messages with a button that opens a ticket.
    TicketsConfig,
    /// Names of channels.
    ChannelInfo,
    /// Portal accounts.
    Users,
    /// Portal sessions.
    Sessions,
}

/// How a column's values are carried; see [`super::row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The guild's id: a snowflake that also says which pod the row goes to.
    Guild,
    /// A snowflake.
    Id,
    /// A snowflake or NULL.
    MaybeId,
    /// An integer, kept as it is.
    Integer,
    /// Text, kept as it is; a key of numeric affinity may hold it as an integer.
    Text,
    /// Text or NULL, kept as it is.
    MaybeText,
    /// An instant. Where the literal text `CURRENT_TIMESTAMP` stands, the birth of the snowflake in the named
    /// column, which was made in the same moment.
    Instant(Option<&'static str>),
    /// An instant or NULL; the literal text `CURRENT_TIMESTAMP` becomes NULL.
    MaybeInstant,
    /// Carried byte for byte: the table does not go to a pod.
    Verbatim,
}

/// One column: as the old schema declares it, and how it is carried.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its declared type, which decides SQLite's affinity.
    pub declared: &'static str,
    /// Whether it is declared NOT NULL.
    pub not_null: bool,
    /// Its default as SQL text; `'CURRENT_TIMESTAMP'` in quotes is the old schema's mistake.
    pub default: Option<&'static str>,
    /// How its values are carried.
    pub rule: Rule,
}

/// One index made by CREATE INDEX.
#[derive(Debug, Clone, Copy)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Whether it is unique.
    pub unique: bool,
    /// Its columns.
    pub columns: &'static [&'static str],
}

/// How a table finds the guild of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A column holds the guild's id.
    Guild,
    /// Through the escalation that the row votes in.
    ThroughEscalation,
    /// Through its channel, then through its role.
    ThroughChannel,
    /// No guild: belongs to the fleet.
    Global,
    /// Not carried at all.
    Dropped,
}

/// One table of the old schema.
#[derive(Debug, Clone, Copy)]
pub struct TableSpec {
    /// Which.
    pub table: OldTable,
    /// Its name.
    pub name: &'static str,
    /// How a row finds its guild.
    pub scope: Scope,
    /// Its columns, in order.
    pub columns: &'static [Column],
    /// The primary key; empty where the table has none.
    pub primary_key: &'static [&'static str],
    /// Columns of a UNIQUE constraint in the CREATE TABLE; empty where there is none.
    pub unique: &'static [&'static str],
    /// Indexes beside those that constraints make.
    pub indexes: &'static [Index],
    /// What names a row uniquely: the primary key, or the columns of the unique index that stands for one.
    pub key: &'static [&'static str],
}

impl OldTable {
    /// Every application table; parents before their children.
    pub const ALL: [Self; 16] = [
        Self::Guilds,
        Self::GuildSubscriptions,
        Self::MessageStats,
        Self::MessageCache,
        Self::ReportedMessages,
        Self::Escalations,
        Self::EscalationRecords,
        Self::ModActions,
        Self::UserThreads,
        Self::DeletionLogThreads,
        Self::HoneypotConfig,
        Self::ReactjiChannelerConfig,
        Self::TicketsConfig,
        Self::ChannelInfo,
        Self::Users,
        Self::Sessions,
    ];

    /// What the table is made of.
    pub const fn spec(self) -> &'static TableSpec {
        match self {
            Self::Guilds => &declared::GUILDS,
            Self::GuildSubscriptions => &declared::GUILD_SUBSCRIPTIONS,
            Self::MessageStats => &declared::MESSAGE_STATS,
            Self::MessageCache => &declared::MESSAGE_CACHE,
            Self::ReportedMessages => &declared::REPORTED_MESSAGES,
            Self::Escalations => &declared::ESCALATIONS,
            Self::EscalationRecords => &declared::ESCALATION_RECORDS,
            Self::ModActions => &declared::MOD_ACTIONS,
            Self::UserThreads => &declared::USER_THREADS,
            Self::DeletionLogThreads => &declared::DELETION_LOG_THREADS,
            Self::HoneypotConfig => &declared::HONEYPOT_CONFIG,
            Self::ReactjiChannelerConfig => &declared::REACTJI_CHANNELER_CONFIG,
            Self::TicketsConfig => &declared::TICKETS_CONFIG,
            Self::ChannelInfo => &declared::CHANNEL_INFO,
            Self::Users => &declared::USERS,
            Self::Sessions => &declared::SESSIONS,
        }
    }

    /// The table's name.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// The table with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }
}

impl std::fmt::Display for OldTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl TableSpec {
    /// Where the column stands in a row.
    pub fn position(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// Whether rows of the table go to a pod.
    pub const fn goes_to_a_pod(&self) -> bool {
        !matches!(self.scope, Scope::Global | Scope::Dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_declaration_is_a_column() {
        for table in OldTable::ALL {
            let spec = table.spec();
            assert_eq!(spec.table, table);
            assert_eq!(OldTable::named(spec.name), Some(table));
            let named_by_indexes = spec.indexes.iter().flat_map(|i| i.columns);
            let named = [spec.primary_key, spec.unique, spec.key]
                .into_iter()
                .flatten()
                .chain(named_by_indexes);
            for name in named {
                assert!(spec.position(name).is_some(), "{table}.{name}");
            }
            for column in spec.columns {
                if let Rule::Instant(Some(source)) = column.rule {
                    let source = spec.position(source).unwrap();
                    assert_eq!(spec.columns[source].rule, Rule::Id, "{table}.{}", column.name);
                }
            }
            let guild_columns = spec.columns.iter().filter(|c| c.rule == Rule::Guild).count();
            assert_eq!(guild_columns, usize::from(spec.scope == Scope::Guild), "{table}");
            assert!(!spec.key.is_empty(), "{table}");
        }
    }
}
