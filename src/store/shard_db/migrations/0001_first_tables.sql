-- Migration 1: the tables of the bot, and what a pod needs to own guilds.
--
-- Rules of every guild table (held by a test):
--   * `guild_id` comes first in the primary key, children included: one guild is one `where`.
--   * WITHOUT ROWID: the rows of one guild stand together in the file, so that export, digest and
--     deletion read and free whole pages instead of picking rows out of everybody's.
--   * STRICT, keys NOT NULL, ids INTEGER (snowflakes, 63 bits), instants INTEGER (Unix milliseconds).
--     Ids that are uuids stay TEXT: they stand inside Discord custom ids for ever.
--
-- What stands before the SHARD ONLY line is also what a bundle (one guild as a file) contains.

-- One row per guild that was set up. `settings` is a JSON object; `left_at` is set when the bot leaves.
CREATE TABLE guilds (
    guild_id  INTEGER NOT NULL,
    settings  TEXT,
    left_at   INTEGER,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

-- What the guild pays for. The instants are NULL where the old bot stored a literal text.
CREATE TABLE guild_subscriptions (
    guild_id               INTEGER NOT NULL,
    stripe_customer_id     TEXT,
    stripe_subscription_id TEXT,
    product_tier           TEXT NOT NULL DEFAULT 'free',
    status                 TEXT NOT NULL DEFAULT 'active',
    current_period_end     INTEGER,
    created_at             INTEGER,
    updated_at             INTEGER,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

-- One row per message that counts as activity; the text itself is not kept.
CREATE TABLE message_stats (
    guild_id         INTEGER NOT NULL,
    message_id       INTEGER NOT NULL,
    author_id        INTEGER NOT NULL,
    channel_id       INTEGER NOT NULL,
    channel_category TEXT,
    recipient_id     INTEGER,
    char_count       INTEGER NOT NULL,
    word_count       INTEGER NOT NULL,
    react_count      INTEGER NOT NULL DEFAULT 0,
    sent_at          INTEGER NOT NULL,
    code_stats       TEXT NOT NULL DEFAULT '[]',
    link_stats       TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (guild_id, message_id)
) STRICT, WITHOUT ROWID;

-- Texts of recent messages, so that a deletion can be shown: the text goes after an hour, the row after a day.
CREATE TABLE message_cache (
    guild_id     INTEGER NOT NULL,
    message_id   INTEGER NOT NULL,
    channel_id   INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    content      TEXT,
    last_touched INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (guild_id, message_id)
) STRICT, WITHOUT ROWID;

-- Messages reported by people or by the spam rules. The log message is NULL until Discord has answered.
CREATE TABLE reported_messages (
    guild_id            INTEGER NOT NULL,
    id                  TEXT NOT NULL,
    reported_message_id INTEGER NOT NULL,
    reported_channel_id INTEGER NOT NULL,
    reported_user_id    INTEGER NOT NULL,
    log_message_id      INTEGER,
    log_channel_id      INTEGER,
    reason              TEXT NOT NULL,
    staff_id            INTEGER,
    staff_username      TEXT,
    extra               TEXT,
    created_at          INTEGER NOT NULL,
    deleted_at          INTEGER,
    PRIMARY KEY (guild_id, id)
) STRICT, WITHOUT ROWID;

-- Votes of the moderators on one member. The vote message is NULL until Discord has answered.
CREATE TABLE escalations (
    guild_id         INTEGER NOT NULL,
    id               TEXT NOT NULL,
    thread_id        INTEGER NOT NULL,
    vote_message_id  INTEGER,
    reported_user_id INTEGER NOT NULL,
    initiator_id     INTEGER NOT NULL,
    flags            TEXT,
    voting_strategy  TEXT,
    created_at       INTEGER NOT NULL,
    scheduled_for    INTEGER,
    resolved_at      INTEGER,
    resolution       TEXT,
    PRIMARY KEY (guild_id, id)
) STRICT, WITHOUT ROWID;

-- The single votes. A voter may hold several different ones.
CREATE TABLE escalation_records (
    guild_id      INTEGER NOT NULL,
    escalation_id TEXT NOT NULL,
    id            TEXT NOT NULL,
    voter_id      INTEGER NOT NULL,
    vote          TEXT NOT NULL,
    voted_at      INTEGER NOT NULL,
    PRIMARY KEY (guild_id, escalation_id, id)
) STRICT, WITHOUT ROWID;

-- Bans, kicks and timeouts that people gave by hand, as the audit log told them.
CREATE TABLE mod_actions (
    guild_id          INTEGER NOT NULL,
    id                TEXT NOT NULL,
    user_id           INTEGER NOT NULL,
    action_type       TEXT NOT NULL,
    executor_id       INTEGER,
    executor_username TEXT,
    reason            TEXT,
    duration          TEXT,
    created_at        INTEGER NOT NULL,
    PRIMARY KEY (guild_id, id)
) STRICT, WITHOUT ROWID;

-- The log thread of each member in the moderators' channel, and in the deletion log.
CREATE TABLE user_threads (
    guild_id   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    thread_id  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE deletion_log_threads (
    guild_id   INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    thread_id  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) STRICT, WITHOUT ROWID;

-- Channels whose every writer is a spammer.
CREATE TABLE honeypot_config (
    guild_id   INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    PRIMARY KEY (guild_id, channel_id)
) STRICT, WITHOUT ROWID;

-- "When a message has so many of this emoji, forward it there."
CREATE TABLE reactji_channeler_config (
    guild_id         INTEGER NOT NULL,
    id               TEXT NOT NULL,
    channel_id       INTEGER NOT NULL,
    emoji            TEXT NOT NULL,
    configured_by_id INTEGER NOT NULL,
    threshold        INTEGER NOT NULL DEFAULT 1,
    created_at       INTEGER NOT NULL,
    PRIMARY KEY (guild_id, id)
) STRICT, WITHOUT ROWID;

-- The messages with an "open a ticket" button, and whom a new ticket calls.
CREATE TABLE tickets_config (
    guild_id   INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    channel_id INTEGER,
    role_id    INTEGER NOT NULL,
    PRIMARY KEY (guild_id, message_id)
) STRICT, WITHOUT ROWID;

-- Names of channels: a cache.
CREATE TABLE channel_info (
    guild_id   INTEGER NOT NULL,
    channel_id INTEGER NOT NULL,
    name       TEXT,
    category   TEXT,
    PRIMARY KEY (guild_id, channel_id)
) STRICT, WITHOUT ROWID;

-- Actions decided and not yet carried out at Discord. `action_id` is a hash of (guild, cause, place): the same
-- decision taken twice is one row. `position` orders a guild's actions; all times are absolute.
-- The columns from `state` on are how far sending has come: they are not part of the guild's digest.
CREATE TABLE outbox (
    guild_id   INTEGER NOT NULL,
    action_id  TEXT NOT NULL,
    position   INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    cause      TEXT NOT NULL,
    payload    TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    not_before INTEGER,
    not_after  INTEGER,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'done', 'unknown', 'dead')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    claimed_at INTEGER,
    settled_at INTEGER,
    answer     TEXT,
    error      TEXT,
    PRIMARY KEY (guild_id, action_id)
) STRICT, WITHOUT ROWID;

-- What is to happen later, once. A timer brought back from a backup is held until someone says go.
CREATE TABLE timer (
    guild_id INTEGER NOT NULL,
    timer_id TEXT NOT NULL,
    kind     TEXT NOT NULL,
    payload  TEXT NOT NULL,
    due_at   INTEGER NOT NULL,
    held     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (guild_id, timer_id)
) STRICT, WITHOUT ROWID;

-- Requests that were answered, with the answer: a repeated one gets it again.
CREATE TABLE idempotency_key (
    guild_id   INTEGER NOT NULL,
    key        TEXT NOT NULL,
    answer     BLOB,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, key)
) STRICT, WITHOUT ROWID;

-- Frames whose handler failed every time, to be tried again by hand.
CREATE TABLE dead_frame (
    guild_id   INTEGER NOT NULL,
    shard_id   INTEGER NOT NULL,
    session_no INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    raw        BLOB NOT NULL,
    error      TEXT NOT NULL,
    failed_at  INTEGER NOT NULL,
    PRIMARY KEY (guild_id, shard_id, session_no, seq)
) STRICT, WITHOUT ROWID;

-- SHARD ONLY

CREATE INDEX message_stats_author ON message_stats (guild_id, author_id, sent_at);
CREATE INDEX message_stats_sent ON message_stats (guild_id, sent_at);
CREATE INDEX message_cache_with_text ON message_cache (guild_id, last_touched) WHERE content IS NOT NULL;
CREATE INDEX reported_messages_user ON reported_messages (guild_id, reported_user_id, created_at);
CREATE INDEX reported_messages_created ON reported_messages (guild_id, created_at);
-- A message can be reported again for the same reason once its reports were deleted.
CREATE UNIQUE INDEX reported_messages_once ON reported_messages (guild_id, reported_message_id, reason)
    WHERE deleted_at IS NULL;
CREATE INDEX escalations_open ON escalations (guild_id, scheduled_for) WHERE resolved_at IS NULL;
CREATE INDEX mod_actions_user ON mod_actions (guild_id, user_id, created_at);
CREATE INDEX mod_actions_created ON mod_actions (guild_id, created_at);
CREATE UNIQUE INDEX reactji_emoji ON reactji_channeler_config (guild_id, emoji);
-- The sender and the timers serve all guilds of the pod, so these begin with what they search for.
CREATE INDEX outbox_open ON outbox (guild_id, position) WHERE state IN ('pending', 'sending', 'unknown');
CREATE INDEX timer_due ON timer (due_at) WHERE held = 0;
CREATE INDEX idempotency_key_expires ON idempotency_key (expires_at);

-- Facts about this file: key -> value. `store_id` is set when the file belongs to a fleet.
CREATE TABLE meta (
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (key)
) STRICT, WITHOUT ROWID;

-- Who may write a guild's rows here: read by every write in its own savepoint. Rows are never deleted.
-- (epoch, freeze_no) orders the changes; (session_no, seq) is how far the guild's events were applied;
-- `writes` counts its transactions; `cross_rev` is its place in the stream of cross-guild events.
CREATE TABLE guild_fence (
    guild_id   INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,
    mode       TEXT NOT NULL CHECK (mode IN ('importing', 'serving', 'frozen', 'tombstone')),
    move_id    TEXT,
    freeze_no  INTEGER NOT NULL DEFAULT 0,
    digest     BLOB,
    shard_id   INTEGER NOT NULL DEFAULT 0,
    session_no INTEGER NOT NULL DEFAULT 0,
    seq        INTEGER NOT NULL DEFAULT 0,
    writes     INTEGER NOT NULL DEFAULT 0,
    cross_rev  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

-- The Discord sessions this pod hosts, with the cursor to RESUME at.
CREATE TABLE discord_session (
    shard_id           INTEGER NOT NULL,
    num_shards         INTEGER NOT NULL,
    host_epoch         INTEGER NOT NULL,
    session_no         INTEGER NOT NULL,
    session_id         TEXT,
    seq                INTEGER NOT NULL,
    resume_gateway_url TEXT,
    updated_at         INTEGER NOT NULL,
    PRIMARY KEY (shard_id)
) STRICT, WITHOUT ROWID;

-- Frames of guilds that are owned elsewhere, moving or unknown, until the owner's replica has them.
CREATE TABLE forward (
    guild_id   INTEGER NOT NULL,
    shard_id   INTEGER NOT NULL,
    session_no INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    raw        BLOB NOT NULL,
    stored_at  INTEGER NOT NULL,
    PRIMARY KEY (guild_id, shard_id, session_no, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX forward_session ON forward (shard_id, session_no, seq);

-- Per guild with forwarded frames: the last position its owner reported as replicated, and the bytes still held.
CREATE TABLE forward_mark (
    guild_id   INTEGER NOT NULL,
    shard_id   INTEGER NOT NULL,
    session_no INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    bytes      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

-- Events that Discord will not replay: from one position to another, of one guild, or of all where it is NULL.
CREATE TABLE gap (
    gap_id          INTEGER PRIMARY KEY,
    guild_id        INTEGER,
    shard_id        INTEGER NOT NULL,
    from_session_no INTEGER NOT NULL,
    from_seq        INTEGER NOT NULL,
    to_session_no   INTEGER NOT NULL,
    to_seq          INTEGER NOT NULL,
    reason          TEXT NOT NULL,
    noticed_at      INTEGER NOT NULL
) STRICT;

-- An import under way: what it brings, and how far each table has come.
CREATE TABLE import_progress (
    guild_id    INTEGER NOT NULL,
    move_id     TEXT NOT NULL,
    source      BLOB NOT NULL,
    cleared     INTEGER NOT NULL DEFAULT 0,
    delta_round INTEGER NOT NULL DEFAULT 0,
    started_at  INTEGER NOT NULL,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE import_table (
    guild_id   INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    row_count  INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    copied     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (guild_id, table_name)
) STRICT, WITHOUT ROWID;

-- Guilds whose changed keys are being noted for a move, with the digest everything is counted from.
CREATE TABLE capture (
    guild_id   INTEGER NOT NULL,
    move_id    TEXT NOT NULL,
    round      INTEGER NOT NULL DEFAULT 1,
    settled    INTEGER NOT NULL DEFAULT 0,
    counted    INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE capture_base (
    guild_id   INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    row_count  INTEGER NOT NULL,
    digest     BLOB NOT NULL,
    PRIMARY KEY (guild_id, table_name)
) STRICT, WITHOUT ROWID;
