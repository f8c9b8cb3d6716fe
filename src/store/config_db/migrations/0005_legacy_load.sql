-- What comes with the old bot's database: the guilds of a split, and the portal's accounts.

-- The split whose rows the guild began with: a load that is repeated knows its own guilds by it.
alter table guild add column split_id uuid;

-- People who have logged in to the portal. Their old ids are kept, whatever form they have; one Discord user may
-- have several accounts.
create table portal_user (
    user_id       text        primary key,
    auth_provider text        not null default 'discord',
    external_id   text        not null,
    email         text,
    added_at      timestamptz not null default now()
);
create index portal_user_by_external_id on portal_user (auth_provider, external_id);
