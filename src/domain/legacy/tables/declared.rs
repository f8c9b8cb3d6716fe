//! The sixteen tables, column by column, as the old bot's migrations leave them.

use super::{Column, Index, OldTable, Rule, Scope, TableSpec};

/// The default that stores its own name: quoted, so a text and not the time.
const QUOTED_NOW: &str = "'CURRENT_TIMESTAMP'";

const fn column(name: &'static str, declared: &'static str, rule: Rule) -> Column {
    Column {
        name,
        declared,
        not_null: true,
        default: None,
        rule,
    }
}

const fn nullable(name: &'static str, declared: &'static str, rule: Rule) -> Column {
    Column {
        name,
        declared,
        not_null: false,
        default: None,
        rule,
    }
}

impl Column {
    const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

const fn index(name: &'static str, columns: &'static [&'static str]) -> Index {
    Index {
        name,
        unique: false,
        columns,
    }
}

const fn unique_index(name: &'static str, columns: &'static [&'static str]) -> Index {
    Index {
        name,
        unique: true,
        columns,
    }
}

pub(super) const GUILDS: TableSpec = TableSpec {
    table: OldTable::Guilds,
    name: "guilds",
    scope: Scope::Guild,
    columns: &[
        nullable("id", "serial", Rule::Guild),
        nullable("settings", "jsonb", Rule::MaybeText),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[],
    key: &["id"],
};

pub(super) const GUILD_SUBSCRIPTIONS: TableSpec = TableSpec {
    table: OldTable::GuildSubscriptions,
    name: "guild_subscriptions",
    scope: Scope::Guild,
    columns: &[
        nullable("guild_id", "text", Rule::Guild),
        nullable("stripe_customer_id", "text", Rule::MaybeText),
        nullable("stripe_subscription_id", "text", Rule::MaybeText),
        column("product_tier", "text", Rule::Text).or("'free'"),
        column("status", "text", Rule::Text).or("'active'"),
        nullable("current_period_end", "datetime", Rule::MaybeInstant),
        nullable("created_at", "datetime", Rule::MaybeInstant).or(QUOTED_NOW),
        nullable("updated_at", "datetime", Rule::MaybeInstant).or(QUOTED_NOW),
    ],
    primary_key: &["guild_id"],
    unique: &[],
    indexes: &[],
    key: &["guild_id"],
};

pub(super) const MESSAGE_STATS: TableSpec = TableSpec {
    table: OldTable::MessageStats,
    name: "message_stats",
    scope: Scope::Guild,
    columns: &[
        nullable("message_id", "text", Rule::Id),
        column("author_id", "text", Rule::Id),
        column("guild_id", "text", Rule::Guild),
        column("channel_id", "text", Rule::Id),
        nullable("channel_category", "text", Rule::MaybeText),
        nullable("recipient_id", "text", Rule::MaybeId),
        column("char_count", "integer", Rule::Integer),
        column("word_count", "integer", Rule::Integer),
        column("react_count", "integer", Rule::Integer).or("0"),
        column("sent_at", "integer", Rule::Integer),
        column("code_stats", "text", Rule::Text).or("'[]'"),
        column("link_stats", "text", Rule::Text).or("'[]'"),
    ],
    primary_key: &["message_id"],
    unique: &[],
    indexes: &[],
    key: &["message_id"],
};

pub(super) const MESSAGE_CACHE: TableSpec = TableSpec {
    table: OldTable::MessageCache,
    name: "message_cache",
    scope: Scope::Guild,
    columns: &[
        column("message_id", "text", Rule::Id),
        column("guild_id", "text", Rule::Guild),
        column("channel_id", "text", Rule::Id),
        column("user_id", "text", Rule::Id),
        nullable("content", "text", Rule::MaybeText),
        column("last_touched", "datetime", Rule::Instant(Some("message_id"))),
        column("created_at", "datetime", Rule::Instant(Some("message_id"))),
    ],
    primary_key: &["message_id"],
    unique: &[],
    indexes: &[],
    key: &["message_id"],
};

pub(super) const REPORTED_MESSAGES: TableSpec = TableSpec {
    table: OldTable::ReportedMessages,
    name: "reported_messages",
    scope: Scope::Guild,
    columns: &[
        column("id", "uuid", Rule::Text),
        column("reported_message_id", "text", Rule::Id),
        column("reported_channel_id", "text", Rule::Id),
        column("reported_user_id", "text", Rule::Id),
        column("guild_id", "text", Rule::Guild),
        column("log_message_id", "text", Rule::Id),
        column("log_channel_id", "text", Rule::Id),
        column("reason", "text", Rule::Text),
        nullable("staff_id", "text", Rule::MaybeId),
        nullable("staff_username", "text", Rule::MaybeText),
        nullable("extra", "text", Rule::MaybeText),
        column("created_at", "datetime", Rule::Instant(Some("log_message_id"))).or(QUOTED_NOW),
        nullable("deleted_at", "datetime", Rule::MaybeInstant),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[
        index("idx_reported_user_guild", &["reported_user_id", "guild_id"]),
        index("idx_reported_message", &["reported_message_id"]),
        unique_index(
            "idx_unique_message_reason_guild",
            &["reported_message_id", "reason", "guild_id"],
        ),
    ],
    key: &["id"],
};

pub(super) const ESCALATIONS: TableSpec = TableSpec {
    table: OldTable::Escalations,
    name: "escalations",
    scope: Scope::Guild,
    columns: &[
        column("id", "text", Rule::Text),
        column("guild_id", "text", Rule::Guild),
        column("thread_id", "text", Rule::Id),
        column("vote_message_id", "text", Rule::Id),
        column("reported_user_id", "text", Rule::Id),
        column("initiator_id", "text", Rule::Id),
        column("flags", "text", Rule::Text),
        column("created_at", "datetime", Rule::Instant(Some("vote_message_id"))).or("CURRENT_TIMESTAMP"),
        nullable("resolved_at", "datetime", Rule::MaybeInstant),
        nullable("resolution", "text", Rule::MaybeText),
        nullable("voting_strategy", "text", Rule::MaybeText),
        nullable("scheduled_for", "text", Rule::MaybeInstant),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[index("idx_pending_escalations", &["guild_id", "resolved_at"])],
    key: &["id"],
};

pub(super) const ESCALATION_RECORDS: TableSpec = TableSpec {
    table: OldTable::EscalationRecords,
    name: "escalation_records",
    scope: Scope::ThroughEscalation,
    columns: &[
        column("id", "text", Rule::Text),
        column("escalation_id", "text", Rule::Text),
        column("voter_id", "text", Rule::Id),
        column("vote", "text", Rule::Text),
        column("voted_at", "datetime", Rule::Instant(None)).or("CURRENT_TIMESTAMP"),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[index("idx_vote_records_escalation", &["escalation_id"])],
    key: &["id"],
};

pub(super) const MOD_ACTIONS: TableSpec = TableSpec {
    table: OldTable::ModActions,
    name: "mod_actions",
    scope: Scope::Guild,
    columns: &[
        column("id", "text", Rule::Text),
        column("user_id", "text", Rule::Id),
        column("guild_id", "text", Rule::Guild),
        column("action_type", "text", Rule::Text),
        nullable("executor_id", "text", Rule::MaybeId),
        nullable("executor_username", "text", Rule::MaybeText),
        nullable("reason", "text", Rule::MaybeText),
        nullable("duration", "text", Rule::MaybeText),
        column("created_at", "datetime", Rule::Instant(None)),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[index("idx_mod_actions_user_guild", &["user_id", "guild_id"])],
    key: &["id"],
};

/// The columns of the two thread tables.
const THREAD_COLUMNS: &[Column] = &[
    column("user_id", "text", Rule::Id),
    column("guild_id", "text", Rule::Guild),
    column("thread_id", "text", Rule::Id),
    column("created_at", "datetime", Rule::Instant(Some("thread_id"))).or(QUOTED_NOW),
];

pub(super) const USER_THREADS: TableSpec = TableSpec {
    table: OldTable::UserThreads,
    name: "user_threads",
    scope: Scope::Guild,
    columns: THREAD_COLUMNS,
    primary_key: &[],
    unique: &[],
    indexes: &[unique_index("user_threads_pk", &["user_id", "guild_id"])],
    key: &["user_id", "guild_id"],
};

pub(super) const DELETION_LOG_THREADS: TableSpec = TableSpec {
    table: OldTable::DeletionLogThreads,
    name: "deletion_log_threads",
    scope: Scope::Guild,
    columns: THREAD_COLUMNS,
    primary_key: &[],
    unique: &[],
    indexes: &[unique_index("deletion_log_threads_pk", &["user_id", "guild_id"])],
    key: &["user_id", "guild_id"],
};

pub(super) const HONEYPOT_CONFIG: TableSpec = TableSpec {
    table: OldTable::HoneypotConfig,
    name: "honeypot_config",
    scope: Scope::Guild,
    columns: &[
        column("guild_id", "text", Rule::Guild),
        column("channel_id", "text", Rule::Id),
    ],
    primary_key: &["guild_id", "channel_id"],
    unique: &[],
    indexes: &[],
    key: &["guild_id", "channel_id"],
};

pub(super) const REACTJI_CHANNELER_CONFIG: TableSpec = TableSpec {
    table: OldTable::ReactjiChannelerConfig,
    name: "reactji_channeler_config",
    scope: Scope::Guild,
    columns: &[
        column("id", "text", Rule::Text),
        column("guild_id", "text", Rule::Guild),
        column("channel_id", "text", Rule::Id),
        column("emoji", "text", Rule::Text),
        column("configured_by_id", "text", Rule::Id),
        column("threshold", "integer", Rule::Integer).or("1"),
        column("created_at", "datetime", Rule::Instant(None)).or("CURRENT_TIMESTAMP"),
    ],
    primary_key: &["id"],
    unique: &["guild_id", "emoji"],
    indexes: &[],
    key: &["id"],
};

pub(super) const TICKETS_CONFIG: TableSpec = TableSpec {
    table: OldTable::TicketsConfig,
    name: "tickets_config",
    scope: Scope::ThroughChannel,
    columns: &[
        column("message_id", "text", Rule::Id),
        nullable("channel_id", "text", Rule::MaybeId),
        column("role_id", "text", Rule::Id),
    ],
    primary_key: &["message_id"],
    unique: &[],
    indexes: &[],
    key: &["message_id"],
};

pub(super) const CHANNEL_INFO: TableSpec = TableSpec {
    table: OldTable::ChannelInfo,
    name: "channel_info",
    scope: Scope::ThroughChannel,
    columns: &[
        nullable("id", "text", Rule::Id),
        nullable("name", "text", Rule::MaybeText),
        nullable("category", "text", Rule::MaybeText),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[],
    key: &["id"],
};

pub(super) const USERS: TableSpec = TableSpec {
    table: OldTable::Users,
    name: "users",
    scope: Scope::Global,
    columns: &[
        column("id", "uuid", Rule::Verbatim),
        nullable("email", "text", Rule::Verbatim),
        column("externalId", "text", Rule::Verbatim),
        nullable("authProvider", "text", Rule::Verbatim).or("'discord'"),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[],
    key: &["id"],
};

pub(super) const SESSIONS: TableSpec = TableSpec {
    table: OldTable::Sessions,
    name: "sessions",
    scope: Scope::Dropped,
    columns: &[
        nullable("id", "uuid", Rule::Verbatim),
        nullable("data", "json", Rule::Verbatim),
        nullable("expires", "datetime", Rule::Verbatim),
    ],
    primary_key: &["id"],
    unique: &[],
    indexes: &[],
    key: &["id"],
};
