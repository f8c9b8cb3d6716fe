-- Migration 2: what every event needs of the settings becomes columns.
--
-- A guild's settings and an escalation's flags were JSON texts that every handler parsed. The known keys become
-- typed columns; whatever else the text holds stays in it (NULL when nothing is left). A value that is not what
-- its key promises, or a text that is not a JSON object, stays where it was: nothing is lost.

CREATE TABLE guilds_new (
    guild_id     INTEGER NOT NULL,
    mod_log      INTEGER,
    deletion_log INTEGER,
    moderator    INTEGER,
    restricted   INTEGER,
    quorum       INTEGER,
    settings     TEXT,
    left_at      INTEGER,
    PRIMARY KEY (guild_id)
) STRICT, WITHOUT ROWID;

WITH
object AS (
    SELECT guild_id, left_at, settings,
           CASE WHEN json_valid(settings) THEN CASE json_type(settings) WHEN 'object' THEN settings END END AS json
    FROM guilds
),
-- A snowflake is a positive number of 63 bits that survives the way to a number and back.
known AS (
    SELECT o.guild_id, j.key,
           CASE WHEN j.type IN ('text', 'integer') AND CAST(CAST(j.value AS INTEGER) AS TEXT) = CAST(j.value AS TEXT)
                     AND CAST(j.value AS INTEGER) > 0
                THEN CAST(j.value AS INTEGER) END AS number
    FROM object o, json_each(o.json) j
    WHERE j.key IN ('modLog', 'deletionLog', 'moderator', 'restricted', 'quorum')
),
typed AS (
    SELECT guild_id,
           max(number) FILTER (WHERE key = 'modLog') AS mod_log,
           max(number) FILTER (WHERE key = 'deletionLog') AS deletion_log,
           max(number) FILTER (WHERE key = 'moderator') AS moderator,
           max(number) FILTER (WHERE key = 'restricted') AS restricted,
           max(number) FILTER (WHERE key = 'quorum') AS quorum
    FROM known GROUP BY guild_id
)
INSERT INTO guilds_new (guild_id, mod_log, deletion_log, moderator, restricted, quorum, settings, left_at)
SELECT o.guild_id, t.mod_log, t.deletion_log, t.moderator, t.restricted, t.quorum,
       CASE WHEN o.json IS NULL THEN o.settings
            ELSE nullif(json_remove(o.json,
                     iif(t.mod_log IS NULL, '$[0]', '$.modLog'),
                     iif(t.deletion_log IS NULL, '$[0]', '$.deletionLog'),
                     iif(t.moderator IS NULL, '$[0]', '$.moderator'),
                     iif(t.restricted IS NULL, '$[0]', '$.restricted'),
                     iif(t.quorum IS NULL, '$[0]', '$.quorum')), '{}') END,
       o.left_at
FROM object o LEFT JOIN typed t USING (guild_id);

DROP TABLE guilds;
ALTER TABLE guilds_new RENAME TO guilds;

-- Every escalation was made with a quorum; the old bot never wrote another number than 3.
CREATE TABLE escalations_new (
    guild_id         INTEGER NOT NULL,
    id               TEXT NOT NULL,
    thread_id        INTEGER NOT NULL,
    vote_message_id  INTEGER,
    reported_user_id INTEGER NOT NULL,
    initiator_id     INTEGER NOT NULL,
    quorum           INTEGER NOT NULL DEFAULT 3,
    flags            TEXT,
    voting_strategy  TEXT,
    created_at       INTEGER NOT NULL,
    scheduled_for    INTEGER,
    resolved_at      INTEGER,
    resolution       TEXT,
    PRIMARY KEY (guild_id, id)
) STRICT, WITHOUT ROWID;

WITH
object AS (
    SELECT guild_id, id,
           CASE WHEN json_valid(flags) THEN CASE json_type(flags) WHEN 'object' THEN flags END END AS json
    FROM escalations
),
typed AS (
    SELECT guild_id, id, json,
           CASE json_type(json, '$.quorum') WHEN 'integer' THEN json_extract(json, '$.quorum') END AS quorum
    FROM object
)
INSERT INTO escalations_new (guild_id, id, thread_id, vote_message_id, reported_user_id, initiator_id, quorum, flags,
                             voting_strategy, created_at, scheduled_for, resolved_at, resolution)
SELECT e.guild_id, e.id, e.thread_id, e.vote_message_id, e.reported_user_id, e.initiator_id, coalesce(t.quorum, 3),
       CASE WHEN t.quorum IS NULL THEN e.flags ELSE nullif(json_remove(t.json, '$.quorum'), '{}') END,
       e.voting_strategy, e.created_at, e.scheduled_for, e.resolved_at, e.resolution
FROM escalations e JOIN typed t USING (guild_id, id);

DROP TABLE escalations;
ALTER TABLE escalations_new RENAME TO escalations;

-- SHARD ONLY

CREATE INDEX escalations_open ON escalations (guild_id, scheduled_for) WHERE resolved_at IS NULL;
