-- What a driver needs to carry a move on.

-- Commands of a guild's moves (prepare, freeze, and again after a thaw) are numbered one after the other over all of
-- its moves: so a fence can tell a late one from the present one.
alter table guild add column command_no integer not null default 0;
update guild g set command_no = coalesce((select max(freeze_no) from move m where m.guild_id = g.guild_id), 0);

alter table move
    -- Freezes that were given up.
    add column thaws     integer not null default 0,
    -- Whoever drives it stops once this step is reached, until somebody resumes it: to practise, and to look.
    add column hold_at   text check (hold_at in ('prepared', 'frozen', 'verified', 'flipped', 'started')),
    -- When the target began to serve.
    add column served_at timestamptz;
create index move_open on move (created_at) where step not in ('cleaned', 'aborted');
create index move_by_plan on move (plan_id) where plan_id is not null;
