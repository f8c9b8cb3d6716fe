-- The fleet: one row about the store itself, the pods, and the history of changes.

-- One row. Its lock is what puts all changes of the store into one order: a change takes it first, raises
-- `revision`, and holds it until commit, so that commit order is revision order. (Numbers from a sequence
-- would become visible out of order, and a watcher would miss some.)
create table store_meta (
    only_row           boolean     primary key default true check (only_row),
    store_id           uuid        not null default gen_random_uuid(),
    revision           bigint      not null default 0,
    -- Changes up to here are no longer in change_log: a watcher that is further behind must list anew.
    trimmed_to         bigint      not null default 0,
    -- Which PostgreSQL this was: a different one means a restore or a failover (see 0004).
    system_identifier  text        not null,
    timeline           text        not null,
    -- Discord shards of the bot: fixed for the life of the fleet.
    num_shards         integer     not null check (num_shards between 1 and 16384),
    last_incarnation   bigint      not null default 0,
    created_at         timestamptz not null default now()
);

create table pod (
    pod_id         integer     primary key check (pod_id between 0 and 9999),
    -- 0: declared, never started.
    incarnation    bigint      not null default 0,
    state          text        not null default 'active'
                               check (state in ('active', 'cordoned', 'draining', 'offline')),
    api_url        text        not null default '',
    capacity       integer     not null default 100 check (capacity > 0),
    zone           text        not null default '',
    version        text        not null default '',
    -- The machine's boot id: the same one proves that an older process on this volume is dead.
    boot_id        text        not null default '',
    -- Under which lineage Litestream keeps the pod's file.
    lineage        bigint      not null default 1,
    attached_at    timestamptz,
    -- Set by a clean stop: the next start need not wait for the lease.
    detached_at    timestamptz,
    renewed_at     timestamptz not null default now(),
    lease_until    timestamptz not null default now(),
    -- Requests to Discord in thousandths a second that the pod may believe are its own.
    rest_share     integer     not null default 0,
    -- The highest revision the pod says it has seen.
    known_revision bigint      not null default 0,
    bytes          bigint      not null default 0,
    events_per_s   real        not null default 0
);

-- What watchers read: every change of a revision, in order.
create table change_log (
    revision bigint  not null,
    ordinal  integer not null,
    kind     text    not null,
    subject  text    not null,
    body     jsonb   not null,
    primary key (revision, ordinal)
);

-- Who did what, why. Never altered, never deleted.
create table audit (
    audit_id bigint      generated always as identity primary key,
    at       timestamptz not null default now(),
    revision bigint      not null,
    actor    text        not null,
    reason   text        not null default '',
    action   text        not null,
    subject  text        not null,
    detail   jsonb       not null default '{}'
);
create index audit_by_subject on audit (subject, audit_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger audit_append_only before update or delete on audit
    for each row execute function refuse_change();
create trigger audit_no_truncate before truncate on audit
    for each statement execute function refuse_change();
