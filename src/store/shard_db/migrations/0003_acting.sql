-- Migration 3: what the bot needs to act: who is exempt, what was said lately, posts that wait for their thread.

-- The guild's own facts, as Discord tells them.
CREATE TABLE guild_info (
    guild_id INTEGER NOT NULL,
    owner_id INTEGER,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

-- Its roles, as Discord tells them. `permissions` are Discord's bits.
CREATE TABLE role_info (
    guild_id    INTEGER NOT NULL,
    role_id     INTEGER NOT NULL,
    name        TEXT NOT NULL,
    permissions INTEGER NOT NULL,
    PRIMARY KEY (guild_id, role_id)
) STRICT, WITHOUT ROWID;

-- The last messages of each author, for half an hour: what spam detection compares with. Of the text only a hash is
-- kept, none of a message that says nothing.
CREATE TABLE recent_message (
    guild_id     INTEGER NOT NULL,
    user_id      INTEGER NOT NULL,
    message_id   INTEGER NOT NULL,
    channel_id   INTEGER NOT NULL,
    content_hash INTEGER,
    PRIMARY KEY (guild_id, user_id, message_id)
) STRICT, WITHOUT ROWID;

-- Posts for a user's thread that is being made: as long as one waits, nobody begins a second thread. `post` is the
-- action as JSON.
CREATE TABLE thread_post (
    guild_id INTEGER NOT NULL,
    log      TEXT NOT NULL,
    user_id  INTEGER NOT NULL,
    post_id  TEXT NOT NULL,
    position INTEGER NOT NULL,
    post     TEXT NOT NULL,
    PRIMARY KEY (guild_id, log, user_id, post_id)
) STRICT, WITHOUT ROWID;

-- SHARD ONLY

CREATE INDEX recent_message_age ON recent_message (guild_id, message_id);
CREATE INDEX outbox_position ON outbox (guild_id, position);
CREATE INDEX outbox_settled ON outbox (guild_id, settled_at) WHERE settled_at IS NOT NULL;
