//! What an operator sees of the outbox, and may do about it.

use std::sync::Arc;

use rusqlite::OptionalExtension as _;

use super::super::{Owner, Rules};
use crate::domain::fence::Access;
use crate::domain::ids::GuildId;
use crate::domain::outbox::{ActionId, ActionState, Planned};
use crate::store::shard_db::{WriteError, WriteTx};

/// Which actions are listed.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one guild.
    pub guild: Option<GuildId>,
    /// In these states; none named: all but done.
    pub states: Vec<ActionState>,
    /// At most so many.
    pub limit: u32,
}

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns' names, see the migrations")]
pub struct ActionRow {
    pub guild: GuildId,
    pub id: String,
    pub kind: String,
    pub state: String,
    pub cause: String,
    pub payload: String,
    pub decided_at_ms: i64,
    pub not_after_ms: Option<i64>,
    pub attempts: u32,
    pub error: Option<String>,
}

/// What an operator's word has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The action is in another state now.
    To {
        /// Before.
        from: ActionState,
        /// Now.
        to: ActionState,
    },
    /// It was so before.
    Already(ActionState),
    /// It is in a state in which this cannot be done.
    Not(ActionState),
    /// There is no such action.
    NoSuch,
    /// The guild is not served here.
    NotServed,
}

impl Owner {
    /// Lists actions, those of each guild in order.
    pub async fn list_actions(&self, filter: Filter) -> Result<Vec<ActionRow>, WriteError> {
        self.read(move |connection, _| {
            let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
            let wanted = if states.is_empty() {
                "state <> 'done'".to_owned()
            } else {
                // Words of our own.
                format!("state IN ('{}')", states.join("', '"))
            };
            let sql = format!(
                "SELECT guild_id, action_id, kind, state, cause, payload, decided_at, not_after, attempts, error
                 FROM outbox WHERE (?1 IS NULL OR guild_id = ?1) AND {wanted} ORDER BY guild_id, position LIMIT ?2"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map((filter.guild.map(GuildId::as_i64), filter.limit), |row| {
                Ok(ActionRow {
                    guild: GuildId::from_i64(row.get(0)?)
                        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, 0))?,
                    id: row.get(1)?,
                    kind: row.get(2)?,
                    state: row.get(3)?,
                    cause: row.get(4)?,
                    payload: row.get(5)?,
                    decided_at_ms: row.get(6)?,
                    not_after_ms: row.get(7)?,
                    attempts: row.get(8)?,
                    error: row.get(9)?,
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// Sends an action again, from now on for as long as a new one, or gives it up.
    pub async fn change_action(
        &self,
        guild: GuildId,
        id: ActionId,
        to: ActionState,
        dry_run: bool,
    ) -> Result<Changed, WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| change(tx, &rules, (guild, id), to, dry_run);
        let changed = self.db.writer().write("operate on action", work).await?;
        self.wake_sender();
        Ok(changed)
    }
}

fn change(
    tx: &WriteTx<'_>,
    rules: &Rules,
    (id, action): (GuildId, ActionId),
    to: ActionState,
    dry_run: bool,
) -> Result<Changed, WriteError> {
    let fence = tx.fence(id)?;
    let Some(epoch) = fence.and_then(|fence| rules.ownership.serves(id, &fence.state)) else {
        return Ok(Changed::NotServed);
    };
    let guild = tx.guild(id, Access::Serve { epoch })?;
    let key = (id.as_i64(), action.to_string());
    let state: Option<String> = guild
        .connection()
        .prepare_cached("SELECT state FROM outbox WHERE guild_id = ?1 AND action_id = ?2")?
        .query_row((key.0, &key.1), |row| row.get(0))
        .optional()?;
    let Some(state) = state.as_deref().and_then(ActionState::from_name) else {
        return Ok(Changed::NoSuch);
    };
    if state == to {
        return Ok(Changed::Already(state));
    }
    let now_ms = rules.clock.unix_ms();
    let sql = match (state, to) {
        (ActionState::Dead | ActionState::Unknown, ActionState::Pending) => {
            "UPDATE outbox SET state = 'pending', not_after = ?3 + ?4, settled_at = NULL
             WHERE guild_id = ?1 AND action_id = ?2"
        }
        (ActionState::Pending | ActionState::Unknown, ActionState::Dead) => {
            "UPDATE outbox SET state = 'dead', settled_at = ?3, error = 'dropped by an operator'
             WHERE guild_id = ?1 AND action_id = ?2 AND ?4 > 0"
        }
        _ => return Ok(Changed::Not(state)),
    };
    if dry_run {
        return Ok(Changed::To { from: state, to });
    }
    guild
        .connection()
        .prepare_cached(sql)?
        .execute((key.0, &key.1, now_ms, Planned::WORTH_MS))?;
    if to == ActionState::Pending {
        rules.note_actions();
    }
    Ok(Changed::To { from: state, to })
}
