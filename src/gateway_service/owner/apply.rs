//! One frame, in the savepoint that also moves its session's cursor and its guild's fence.

use super::failure::{OutOfStep, is_the_machines};
use super::outcome::Outcome;
use super::place::{Place, place};
use super::rows::{self, Writing};
use super::{Arrival, Rules, dead_frames, facts, forward, outbox};
use crate::domain::discord_event::{Event, Ready};
use crate::domain::fence::{Access, FenceChange, Position};
use crate::domain::ids::{DiscordShardId, Epoch, GuildId};
use crate::domain::outbox::Cause;
use crate::gateway_service::frame::{self, Frame};
use crate::gateway_service::gaps::{self, Gap};
use crate::gateway_service::session_rows;
use crate::moderation;
use crate::store::shard_db::{GuildTx, Seen, WriteError, WriteTx};

/// A frame of a guild with its place in the order of frames.
#[derive(Clone, Copy)]
pub(super) struct Placed<'f> {
    pub(super) guild: GuildId,
    pub(super) shard: DiscordShardId,
    pub(super) at: Position,
    pub(super) frame: &'f Frame,
}

/// Takes a frame in: cursor and effects, or neither.
pub(super) fn arrival(tx: &WriteTx<'_>, rules: &Rules, arrival: &Arrival) -> Result<Outcome, WriteError> {
    let Arrival { shard, frame, .. } = arrival;
    let at = Position {
        session_no: arrival.session_no,
        seq: frame.seq,
    };
    if &*frame.name == "READY" {
        return begin_session(tx, rules, *shard, at, frame);
    }
    let cursor = session_rows::read(tx.shard(), *shard)?.map(|row| row.cursor);
    if cursor.is_some_and(|cursor| at <= cursor) {
        return Ok(Outcome::Passed);
    }
    let expected = Position {
        seq: arrival.after,
        ..at
    };
    if cursor != Some(expected) {
        return Err(WriteError::rejected(OutOfStep {
            cursor: cursor.map_or_else(|| "no session".to_owned(), |cursor| cursor.to_string()),
            after: expected.to_string(),
        }));
    }
    session_rows::advance(tx.shard(), *shard, frame.seq)?;
    match &frame.guild {
        Ok(None) => Ok(Outcome::NoGuild),
        Ok(Some(guild)) => {
            let placed = Placed {
                guild: *guild,
                shard: *shard,
                at,
                frame,
            };
            of_guild(tx, rules, placed)
        }
        Err(why) => {
            let gap = Gap {
                guild: None,
                shard: *shard,
                from: expected,
                to: at,
                reason: "a frame whose guild cannot be read",
            };
            gaps::note(tx.shard(), &gap, rules.clock.unix_ms())?;
            Ok(Outcome::Unroutable(why.clone()))
        }
    }
}

fn begin_session(
    tx: &WriteTx<'_>,
    rules: &Rules,
    shard: DiscordShardId,
    at: Position,
    frame: &Frame,
) -> Result<Outcome, WriteError> {
    let cursor = session_rows::read(tx.shard(), shard)?.map(|row| row.cursor);
    if cursor.is_some_and(|cursor| at <= cursor) {
        return Ok(Outcome::Passed);
    }
    let ready = match Event::parse(&frame.name, frame.data()) {
        Ok(Some(Event::Ready(ready))) => ready,
        Ok(_) => return Ok(Outcome::Unsupported),
        // Without its session's id nothing can be resumed: nothing of it may be counted either.
        Err(misfit) => return Err(WriteError::rejected(misfit)),
    };
    let ready: Ready<'_> = ready;
    session_rows::begin(
        tx.shard(),
        (shard, rules.num_shards),
        at,
        &ready,
        rules.clock.unix_ms(),
    )?;
    Ok(Outcome::SessionBegan)
}

/// A frame of a guild: into its rows, or into `forward`.
fn of_guild(tx: &WriteTx<'_>, rules: &Rules, placed: Placed<'_>) -> Result<Outcome, WriteError> {
    let fence = tx.fence(placed.guild)?.map(|fence| fence.state);
    let waiting = forward::is_waiting(tx.shard(), placed.guild)?;
    match place(rules.ownership.standing(placed.guild), fence.as_ref(), waiting) {
        Place::Apply(epoch) => apply(tx, rules, placed, epoch),
        Place::Begin(epoch) => {
            tx.change_fence(placed.guild, &FenceChange::Born { epoch })?;
            apply(tx, rules, placed, epoch)
        }
        Place::Store(because) => {
            forward::store(tx.shard(), placed, rules)?;
            Ok(Outcome::Stored(because))
        }
    }
}

/// Applies a frame to the rows of a guild that is served here at `epoch`.
pub(super) fn apply(
    tx: &WriteTx<'_>,
    rules: &Rules,
    placed: Placed<'_>,
    epoch: Epoch,
) -> Result<Outcome, WriteError> {
    let event = Event::parse(&placed.frame.name, placed.frame.data());
    if matches!(event, Ok(None)) {
        return Ok(Outcome::Unsupported);
    }
    let guild = tx.guild(placed.guild, Access::Serve { epoch })?;
    if guild.advance(placed.shard.get(), placed.at) == Seen::Before {
        return Ok(Outcome::Repeated);
    }
    let dead = |why: String| {
        dead_frames::keep(tx.shard(), placed, &why, rules)?;
        Ok(Outcome::Dead(why))
    };
    let event = match event {
        Ok(Some(event)) => event,
        Ok(None) => return Ok(Outcome::Unsupported),
        Err(misfit) => return dead(frame::describe(&misfit)),
    };
    match try_alone(&guild, rules, (placed.guild, placed.at), &event)? {
        Ok(changes) => {
            rules.loads.count(placed.guild);
            Ok(Outcome::Applied(changes))
        }
        Err(why) => dead(why),
    }
}

/// Passes over a frame whose data could not be sent here, and keeps what is known of it with the dead ones.
pub(super) fn set_aside(
    tx: &WriteTx<'_>,
    rules: &Rules,
    placed: Placed<'_>,
    epoch: Epoch,
    bytes: u64,
) -> Result<Outcome, WriteError> {
    if matches!(Event::parse(&placed.frame.name, "null"), Ok(None)) {
        return Ok(Outcome::Unsupported);
    }
    let guild = tx.guild(placed.guild, Access::Serve { epoch })?;
    if guild.advance(placed.shard.get(), placed.at) == Seen::Before {
        return Ok(Outcome::Repeated);
    }
    let why = format!(
        "its {bytes} bytes are more than this pod takes at once (MODBOT_MAX_BODY): its host could not send it"
    );
    dead_frames::keep(tx.shard(), placed, &why, rules)?;
    Ok(Outcome::Dead(why))
}

/// Runs the handlers and writes what they decide, in a savepoint of their own, a few times. The outer error is the
/// machine's, the inner one the frame's.
fn try_alone(
    guild: &GuildTx<'_, '_>,
    rules: &Rules,
    id: (GuildId, Position),
    event: &Event<'_>,
) -> Result<Result<usize, String>, WriteError> {
    let connection = guild.connection();
    let run = |sql| connection.prepare_cached(sql)?.raw_execute().map(drop);
    let mut last = String::new();
    for _ in 0..rules.limits.tries.max(1) {
        run("SAVEPOINT frame")?;
        let error = match handle(guild, rules, id, event) {
            Ok(changes) => {
                run("RELEASE frame")?;
                return Ok(Ok(changes));
            }
            Err(error) => error,
        };
        if is_the_machines(&error) || connection.is_autocommit() {
            return Err(error);
        }
        last = crate::runtime::error_chain::Chain(&error).to_string();
        run("ROLLBACK TO frame")?;
        run("RELEASE frame")?;
    }
    Ok(Err(last))
}

fn handle(
    guild: &GuildTx<'_, '_>,
    rules: &Rules,
    (id, at): (GuildId, Position),
    event: &Event<'_>,
) -> Result<usize, WriteError> {
    if let Event::MessageCreate(message) = event {
        outbox::echoed(guild, rules, id, message)?;
    }
    let known = facts::known(guild.connection(), id, event)?;
    let now_ms = rules.clock.unix_ms();
    let changes = moderation::decide(event, &known, now_ms);
    let writing = Writing {
        connection: guild.connection(),
        guild: id,
        cause: Cause::Frame(at),
        now_ms,
        horizon_ms: rules.horizon_ms,
    };
    if rows::write_all(&writing, &changes)? {
        rules.note_actions();
    }
    Ok(changes.len())
}
