-- Guilds, their owners, and the moves that alone may change an owner.

create table guild (
    guild_id     bigint      primary key check (guild_id > 0),
    pod_id       integer     not null references pod,
    -- The fencing number: one more with every change of owner.
    epoch        bigint      not null default 1 check (epoch > 0),
    -- When the owner first served it. From then on no pod may take it for a new guild.
    born_at      timestamptz,
    -- The active move, if there is one.
    move_id      uuid,
    pinned       boolean     not null default false,
    -- After a recovery: the fence epoch from which the owner may be raised to `epoch`.
    raised_from  bigint,
    -- After a recovery: what an operator must look at before anybody serves it.
    trouble      text,
    bytes        bigint      not null default 0,
    events_per_s real        not null default 0,
    placed_at    timestamptz not null default now()
);
create index guild_by_pod on guild (pod_id, guild_id);

create table move (
    move_id         uuid        primary key,
    plan_id         uuid,
    guild_id        bigint      not null references guild,
    src             integer     not null references pod,
    src_incarnation bigint      not null,
    dst             integer     not null references pod,
    dst_incarnation bigint      not null,
    -- The epoch of the guild after the flip.
    epoch           bigint      not null check (epoch > 1),
    step            text        not null default 'planned'
                                check (step in ('planned', 'prepared', 'copying', 'frozen', 'verified',
                                                'flipped', 'started', 'cleaned', 'aborted')),
    freeze_no       integer     not null default 0,
    -- Who carries it on, until when.
    driver          text,
    driver_until    timestamptz,
    pause_budget_ms integer     not null check (pause_budget_ms > 0),
    paused_ms       integer,
    rows            bigint,
    bytes           bigint,
    digest          text,
    reason          text        not null default '',
    actor           text        not null,
    error           text,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    check (src <> dst)
);
create unique index move_one_active_per_guild on move (guild_id)
    where step not in ('started', 'cleaned', 'aborted');
create index move_by_guild on move (guild_id, created_at);
alter table guild add foreign key (move_id) references move;

create table move_event (
    move_id uuid        not null references move,
    ordinal integer     not null,
    at      timestamptz not null default now(),
    step    text        not null,
    detail  jsonb       not null default '{}',
    primary key (move_id, ordinal)
);

-- Written before the thing that will have to be deleted is made.
create table cleanup (
    cleanup_id bigint      generated always as identity primary key,
    kind       text        not null check (kind in ('guild', 'lineage', 'staging')),
    pod_id     integer     not null,
    -- A guild's rows are deleted only where the fence says tombstone at this epoch.
    guild_id   bigint,
    epoch      bigint,
    lineage    bigint,
    move_id    uuid,
    due_at     timestamptz not null default now(),
    done_at    timestamptz,
    created_at timestamptz not null default now(),
    check ((kind = 'lineage') = (lineage is not null)),
    check ((kind = 'lineage') = (guild_id is null))
);
create index cleanup_open on cleanup (due_at) where done_at is null;

-- The last line of defence: whatever connects here, an owner changes with a move that flips to it in the
-- same transaction, or while the store recovers.
create function guild_owner_guard() returns trigger language plpgsql as $$
begin
    if new.pod_id = old.pod_id and new.epoch = old.epoch then
        return new;
    end if;
    if new.epoch > old.epoch and (
        exists (select from move m where m.guild_id = new.guild_id and m.step = 'flipped'
                   and m.dst = new.pod_id and m.epoch = new.epoch and m.move_id = old.move_id)
        or current_setting('modbot.recovering', true) = 'yes')
    then
        return new;
    end if;
    raise exception 'guild % changes its owner or epoch without a move', old.guild_id
        using errcode = 'restrict_violation', constraint = 'guild_owner_guard';
end $$;
create trigger guild_owner_guard before update of pod_id, epoch on guild
    for each row execute function guild_owner_guard();
create trigger guild_never_deleted before delete on guild
    for each row execute function refuse_change();
