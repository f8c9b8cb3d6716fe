//! What became of an action, and what follows from it, in one transaction.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::super::rows::{self, Writing};
use super::super::{Owner, Rules, facts};
use crate::domain::discord_event::{Message, MessageId};
use crate::domain::fence::Access;
use crate::domain::ids::GuildId;
use crate::domain::outbox::{ActionId, Cause, Planned, ThreadLog};
use crate::moderation::{self, Ended, KnownThread};
use crate::store::shard_db::{GuildTx, WriteError, WriteTx};

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is done; the message that came of it, where one did.
    Done(Option<MessageId>),
    /// It was certainly not done.
    Again(String),
    /// Nobody knows.
    Unknown(String),
    /// It will not be done.
    Dead {
        /// Why.
        why: String,
        /// Where it should have happened is gone.
        place_gone: bool,
    },
}

impl Owner {
    /// Writes down what became of an action, and what follows. Where the guild is not served here any more only the
    /// action's own row says so, and nothing follows: whoever serves it next settles it.
    pub async fn settle(&self, guild: GuildId, id: ActionId, settled: Settled) -> Result<(), WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| settle(tx, &rules, guild, id, &settled);
        self.db.writer().write("settle", work).await?;
        self.wake_sender();
        Ok(())
    }
}

fn settle(
    tx: &WriteTx<'_>,
    rules: &Rules,
    id: GuildId,
    action: ActionId,
    settled: &Settled,
) -> Result<(), WriteError> {
    let fence = tx.fence(id)?;
    if let Some(epoch) = fence.and_then(|fence| rules.ownership.serves(id, &fence.state)) {
        let guild = tx.guild(id, Access::Serve { epoch })?;
        return serving(&guild, rules, id, action, settled);
    }
    let guild = tx.guild(id, Access::Settle)?;
    Ok(only_note(guild.connection(), id, action, settled)?)
}

/// Only how far sending has come: what follows from a deed is for whoever serves the guild next.
fn only_note(
    connection: &Connection,
    guild: GuildId,
    action: ActionId,
    settled: &Settled,
) -> rusqlite::Result<()> {
    let answer = match settled {
        Settled::Done(message) => Some(message.map_or_else(String::new, |message| message.to_string())),
        _ => None,
    };
    let state = match settled {
        Settled::Again(_) => "pending",
        _ => "unknown",
    };
    connection
        .prepare_cached(
            "UPDATE outbox SET state = ?3, answer = ?4, error = 'the guild stood still when the answer came'
             WHERE guild_id = ?1 AND action_id = ?2 AND state = 'sending'",
        )?
        .execute((guild.as_i64(), action.to_string(), state, answer))
        .map(drop)
}

fn serving(
    guild: &GuildTx<'_, '_>,
    rules: &Rules,
    id: GuildId,
    action: ActionId,
    settled: &Settled,
) -> Result<(), WriteError> {
    let connection = guild.connection();
    let (state, error, answer) = match settled {
        Settled::Done(message) => ("done", None, message.map(|message| message.to_string())),
        Settled::Again(why) => ("pending", Some(why), None),
        Settled::Unknown(why) => ("unknown", Some(why), None),
        Settled::Dead { why, .. } => ("dead", Some(why), None),
    };
    let now_ms = rules.clock.unix_ms();
    let final_at = matches!(state, "done" | "dead").then_some(now_ms);
    // What is done stays done: the bot's own message may have said so before its answer came.
    let changed = connection
        .prepare_cached(
            "UPDATE outbox SET state = ?3, error = ?4, answer = coalesce(?5, answer), settled_at = ?6
             WHERE guild_id = ?1 AND action_id = ?2 AND state <> 'done'",
        )?
        .execute((id.as_i64(), action.to_string(), state, error, answer, final_at))?;
    let ended = match settled {
        Settled::Done(message) => Ended::Done(*message),
        Settled::Dead { place_gone, .. } => Ended::Not {
            place_gone: *place_gone,
        },
        Settled::Again(_) | Settled::Unknown(_) => return Ok(()),
    };
    if changed == 1 {
        follow(connection, rules, id, action, ended)?;
    }
    Ok(())
}

/// Writes what follows from the end of an action.
fn follow(
    connection: &Connection,
    rules: &Rules,
    guild: GuildId,
    action: ActionId,
    ended: Ended,
) -> Result<(), WriteError> {
    let row: Option<(String, Option<i64>)> = connection
        .prepare_cached("SELECT payload, not_after FROM outbox WHERE guild_id = ?1 AND action_id = ?2")?
        .query_row((guild.as_i64(), action.to_string()), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let planned = row.and_then(|(payload, not_after)| Planned::from_payload(&payload, not_after).ok());
    let Some(planned) = planned else {
        return Ok(());
    };
    let (mut thread, mut place) = (KnownThread::None, None);
    if let Some(whose) = moderation::thread_of(&planned.action) {
        thread = super::thread(connection, guild, whose)?;
        let settings = facts::settings(connection, guild)?;
        place = match whose.0 {
            ThreadLog::Mod => settings.mod_log,
            ThreadLog::Deletions => settings.deletion_log,
        };
    }
    let now_ms = rules.clock.unix_ms();
    let changes = moderation::ended(&planned, ended, &thread, place, now_ms);
    let writing = Writing {
        connection,
        guild,
        cause: Cause::Answer(action),
        now_ms,
        horizon_ms: rules.horizon_ms,
    };
    if rows::write_all(&writing, &changes)? {
        rules.note_actions();
    }
    Ok(())
}

/// The bot's own message came back with its nonce: the action that it is is done, whatever is known of its answer.
pub(in super::super) fn echoed(
    guild: &GuildTx<'_, '_>,
    rules: &Rules,
    id: GuildId,
    message: &Message<'_>,
) -> Result<(), WriteError> {
    if !message.author.bot {
        return Ok(());
    }
    let Some(action) = message
        .nonce_text()
        .and_then(|nonce| nonce.parse::<ActionId>().ok())
    else {
        return Ok(());
    };
    // Another bot may use any nonce.
    if facts::bot(guild.connection())? != Some(message.author.id) {
        return Ok(());
    }
    serving(guild, rules, id, action, &Settled::Done(Some(message.id)))
}
