-- Recovering: PostgreSQL went back in time (a restore, or a failover that lost commits). Nothing is handed
-- out until every pod that had a lease has reported its fences; then the higher epoch wins and all jump.

alter table store_meta
    add column recovering_since  timestamptz,
    add column recovering_reason text,
    -- The highest revision anybody claims to have seen.
    add column claimed_revision  bigint not null default 0,
    add column recovered_at      timestamptz;

-- Who must report, and who has.
create table recovery_pod (
    pod_id      integer     primary key,
    incarnation bigint      not null default 0,
    required    boolean     not null,
    reported_at timestamptz,
    -- An operator's word that this pod is gone for good.
    waived_by   text
);

create table recovery_fence (
    pod_id   integer not null references recovery_pod on delete cascade,
    guild_id bigint  not null,
    epoch    bigint  not null,
    mode     text    not null check (mode in ('importing', 'serving', 'frozen', 'tombstone')),
    primary key (pod_id, guild_id)
);

-- Sessions that pods hold, so that session numbers do not repeat.
create table recovery_session (
    pod_id     integer not null references recovery_pod on delete cascade,
    shard_id   integer not null,
    host_epoch bigint  not null,
    session_no bigint  not null,
    primary key (pod_id, shard_id)
);

-- What every answer carries. `forked`: this PostgreSQL, or its timeline, is not the one that was accepted.
create view store_stamp as
select m.store_id,
       m.revision,
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as timeline,
       m.recovering_reason,
       m.timeline <> substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as forked
  from store_meta m;
