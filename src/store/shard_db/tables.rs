//! The one declaration of the guild tables: what export, import, digest, capture and deletion walk over.
//!
//! A table or column that a migration adds is declared here with the schema version it came with (`since`); one that a
//! migration took away keeps its last version (`until`) as long as bundles of that version are accepted. A test
//! compares the declaration with the file that the migrations make, for every version.

use crate::domain::bundle::SchemaVersion;

/// What a column holds, as `STRICT` tables name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// A 64-bit integer: ids, instants in Unix milliseconds, counts.
    Integer,
    /// Text; may hold any characters, NUL included.
    Text,
    /// Bytes.
    Blob,
}

impl ColumnType {
    /// The type's name in SQL.
    pub const fn sql(self) -> &'static str {
        match self {
            Self::Integer => "INTEGER",
            Self::Text => "TEXT",
            Self::Blob => "BLOB",
        }
    }
}

/// One column of a guild table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub ty: ColumnType,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Whether its value counts in the guild's digest. How far an action's sending has come does not: it changes on a
    /// frozen guild too.
    pub digested: bool,
    /// The expression that is exported in its place, where a copy must say something else than the original.
    pub exported_as: Option<&'static str>,
    /// First schema version that has it.
    pub since: u32,
    /// Last schema version that has it.
    pub until: u32,
}

impl Column {
    const fn new(name: &'static str, ty: ColumnType) -> Self {
        Self {
            name,
            ty,
            nullable: false,
            digested: true,
            exported_as: None,
            since: 1,
            until: u32::MAX,
        }
    }

    const fn null(mut self) -> Self {
        self.nullable = true;
        self
    }

    const fn undigested(mut self) -> Self {
        self.digested = false;
        self
    }

    const fn exported_as(mut self, sql: &'static str) -> Self {
        self.exported_as = Some(sql);
        self
    }

    const fn since(mut self, version: u32) -> Self {
        self.since = version;
        self
    }

    /// Whether a file of this version has the column.
    pub const fn is_in(&self, version: SchemaVersion) -> bool {
        self.since <= version.get() && version.get() <= self.until
    }
}

const fn int(name: &'static str) -> Column {
    Column::new(name, ColumnType::Integer)
}

const fn text(name: &'static str) -> Column {
    Column::new(name, ColumnType::Text)
}

const fn blob(name: &'static str) -> Column {
    Column::new(name, ColumnType::Blob)
}

/// A table that holds rows of guilds: `guild_id` first, then the rest of the key, then the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuildTable {
    /// Its name.
    pub name: &'static str,
    /// How many of the columns make up the primary key, `guild_id` included.
    pub key_len: usize,
    /// Every column of every accepted version, in the order in which a row's digest takes them.
    pub all_columns: &'static [Column],
    /// First schema version that has the table.
    pub since: u32,
}

impl GuildTable {
    const fn since(mut self, version: u32) -> Self {
        self.since = version;
        self
    }

    /// The primary key: `guild_id` and what follows it.
    pub fn key(&self) -> &'static [Column] {
        &self.all_columns[..self.key_len]
    }

    /// The columns in a file of this version.
    pub fn columns(&self, version: SchemaVersion) -> impl Iterator<Item = &'static Column> + use<> {
        self.all_columns
            .iter()
            .filter(move |column| column.is_in(version))
    }

    /// The place of the table in [`GUILD_TABLES`]: the same in every process of this version, never stored.
    pub fn index(&self) -> usize {
        GUILD_TABLES
            .iter()
            .position(|table| table.name == self.name)
            .unwrap_or(usize::MAX)
    }
}

/// The guild tables in a file of this version, in the order in which they are copied.
pub fn guild_tables(version: SchemaVersion) -> impl Iterator<Item = &'static GuildTable> {
    GUILD_TABLES
        .iter()
        .filter(move |table| table.since <= version.get())
}

/// The guild table of this name, of any version.
pub fn guild_table(name: &str) -> Option<&'static GuildTable> {
    GUILD_TABLES.iter().find(|table| table.name == name)
}

const fn table(name: &'static str, key_len: usize, all_columns: &'static [Column]) -> GuildTable {
    GuildTable {
        name,
        key_len,
        all_columns,
        since: 1,
    }
}

/// Every guild table.
pub const GUILD_TABLES: &[GuildTable] = &[
    table(
        "guilds",
        1,
        &[
            int("guild_id"),
            int("mod_log").null().since(2),
            int("deletion_log").null().since(2),
            int("moderator").null().since(2),
            int("restricted").null().since(2),
            int("quorum").null().since(2),
            text("settings").null(),
            int("left_at").null(),
        ],
    ),
    table(
        "guild_subscriptions",
        1,
        &[
            int("guild_id"),
            text("stripe_customer_id").null(),
            text("stripe_subscription_id").null(),
            text("product_tier"),
            text("status"),
            int("current_period_end").null(),
            int("created_at").null(),
            int("updated_at").null(),
        ],
    ),
    table(
        "message_stats",
        2,
        &[
            int("guild_id"),
            int("message_id"),
            int("author_id"),
            int("channel_id"),
            text("channel_category").null(),
            int("recipient_id").null(),
            int("char_count"),
            int("word_count"),
            int("react_count"),
            int("sent_at"),
            text("code_stats"),
            text("link_stats"),
        ],
    ),
    table(
        "message_cache",
        2,
        &[
            int("guild_id"),
            int("message_id"),
            int("channel_id"),
            int("user_id"),
            text("content").null(),
            int("last_touched"),
            int("created_at"),
        ],
    ),
    table(
        "reported_messages",
        2,
        &[
            int("guild_id"),
            text("id"),
            int("reported_message_id"),
            int("reported_channel_id"),
            int("reported_user_id"),
            int("log_message_id").null(),
            int("log_channel_id").null(),
            text("reason"),
            int("staff_id").null(),
            text("staff_username").null(),
            text("extra").null(),
            int("created_at"),
            int("deleted_at").null(),
        ],
    ),
    table(
        "escalations",
        2,
        &[
            int("guild_id"),
            text("id"),
            int("thread_id"),
            int("vote_message_id").null(),
            int("reported_user_id"),
            int("initiator_id"),
            int("quorum").since(2),
            text("flags").null(),
            text("voting_strategy").null(),
            int("created_at"),
            int("scheduled_for").null(),
            int("resolved_at").null(),
            text("resolution").null(),
        ],
    ),
    table(
        "escalation_records",
        3,
        &[
            int("guild_id"),
            text("escalation_id"),
            text("id"),
            int("voter_id"),
            text("vote"),
            int("voted_at"),
        ],
    ),
    table(
        "mod_actions",
        2,
        &[
            int("guild_id"),
            text("id"),
            int("user_id"),
            text("action_type"),
            int("executor_id").null(),
            text("executor_username").null(),
            text("reason").null(),
            text("duration").null(),
            int("created_at"),
        ],
    ),
    table("user_threads", 2, THREAD_COLUMNS),
    table("deletion_log_threads", 2, THREAD_COLUMNS),
    table("honeypot_config", 2, &[int("guild_id"), int("channel_id")]),
    table(
        "reactji_channeler_config",
        2,
        &[
            int("guild_id"),
            text("id"),
            int("channel_id"),
            text("emoji"),
            int("configured_by_id"),
            int("threshold"),
            int("created_at"),
        ],
    ),
    table(
        "tickets_config",
        2,
        &[
            int("guild_id"),
            int("message_id"),
            int("channel_id").null(),
            int("role_id"),
        ],
    ),
    table(
        "channel_info",
        2,
        &[
            int("guild_id"),
            int("channel_id"),
            text("name").null(),
            text("category").null(),
        ],
    ),
    table(
        "outbox",
        2,
        &[
            int("guild_id"),
            text("action_id"),
            int("position"),
            text("kind"),
            text("cause"),
            text("payload"),
            int("decided_at"),
            int("not_before").null(),
            int("not_after").null(),
            // Whoever gets the copy cannot know whether a call that was on the wire arrived.
            text("state")
                .undigested()
                .exported_as("CASE state WHEN 'sending' THEN 'unknown' ELSE state END"),
            int("attempts").undigested(),
            int("claimed_at").null().undigested(),
            int("settled_at").null().undigested(),
            text("answer").null().undigested(),
            text("error").null().undigested(),
        ],
    ),
    table(
        "timer",
        2,
        &[
            int("guild_id"),
            text("timer_id"),
            text("kind"),
            text("payload"),
            int("due_at"),
            int("held"),
        ],
    ),
    table(
        "idempotency_key",
        2,
        &[
            int("guild_id"),
            text("key"),
            blob("answer").null(),
            int("expires_at"),
        ],
    ),
    table(
        "dead_frame",
        4,
        &[
            int("guild_id"),
            int("shard_id"),
            int("session_no"),
            int("seq"),
            blob("raw"),
            text("error"),
            int("failed_at"),
        ],
    ),
    table("guild_info", 1, &[int("guild_id"), int("owner_id").null()]).since(3),
    table(
        "role_info",
        2,
        &[int("guild_id"), int("role_id"), text("name"), int("permissions")],
    )
    .since(3),
    table(
        "recent_message",
        3,
        &[
            int("guild_id"),
            int("user_id"),
            int("message_id"),
            int("channel_id"),
            int("content_hash").null(),
        ],
    )
    .since(3),
    table(
        "thread_post",
        4,
        &[
            int("guild_id"),
            text("log"),
            int("user_id"),
            text("post_id"),
            int("position"),
            text("post"),
        ],
    )
    .since(3),
];

const THREAD_COLUMNS: &[Column] = &[
    int("guild_id"),
    int("user_id"),
    int("thread_id"),
    int("created_at"),
];

/// Tables with a `guild_id` that do not go with the guild, each with the reason.
pub const SHARD_TABLES_WITH_A_GUILD: &[(&str, &str)] = &[
    (
        "guild_fence",
        "says who may write here; the bundle's header carries its position",
    ),
    (
        "forward",
        "frames kept by the session's host for the guild's owner",
    ),
    (
        "forward_mark",
        "how far the owner has confirmed the host's frames",
    ),
    ("gap", "what the host's sessions missed"),
    ("import_progress", "an import into this file"),
    ("import_table", "an import into this file"),
    ("capture", "a copy out of this file"),
    ("capture_base", "a copy out of this file"),
];
