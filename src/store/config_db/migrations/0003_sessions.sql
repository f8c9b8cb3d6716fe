-- Discord sessions: who hosts which, and the rations of the whole fleet.

create table discord_shard (
    num_shards  integer     not null,
    shard_id    integer     not null check (shard_id >= 0 and shard_id < num_shards),
    host_pod    integer     references pod,
    -- One more with every change of host: a file whose number is behind never resumes.
    host_epoch  bigint      not null default 0,
    -- 0: never identified. One more with every ticket.
    session_no  bigint      not null default 0,
    session_id  text,
    resume_url  text,
    -- The cursor known to be in the host's replica; after a release, the exact cursor.
    resume_at   bigint,
    -- When the last host let go; others may adopt a minute later.
    released_at timestamptz,
    released_by integer,
    primary key (num_shards, shard_id)
);

-- When each bucket (shard_id % max_concurrency) may identify again.
create table identify_bucket (
    bucket  integer     primary key check (bucket >= 0),
    free_at timestamptz not null
);

-- What /gateway/bot said, counted down with every ticket. No row: unknown, and no ticket is given.
create table identify_budget (
    only_row        boolean     primary key default true check (only_row),
    total           integer     not null,
    remaining       integer     not null,
    reserve         integer     not null,
    max_concurrency integer     not null check (max_concurrency > 0),
    resets_at       timestamptz not null,
    reported_by     integer     not null,
    reported_at     timestamptz not null default now()
);

-- Flags of one user by one rule, one per guild and cause; counted under an advisory lock.
create table cross_guild_flag (
    user_id   bigint      not null,
    rule      text        not null,
    guild_id  bigint      not null,
    cause     text        not null,
    at        timestamptz not null default now(),
    primary key (user_id, rule, guild_id, cause)
);
create index cross_guild_flag_age on cross_guild_flag (at);

-- What owners read as one more stream, in order of revision.
create table cross_guild_event (
    rev        bigint      primary key,
    user_id    bigint      not null,
    rule       text        not null,
    guilds     bigint[]    not null,
    at         timestamptz not null default now()
);
create index cross_guild_event_by_user on cross_guild_event (user_id, rule, at);
