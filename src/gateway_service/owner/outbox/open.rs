//! What is still to be sent or settled.

use rusqlite::Connection;

use super::super::Owner;
use crate::domain::ids::GuildId;
use crate::domain::outbox::{ActionId, ActionState, Planned};
use crate::store::shard_db::WriteError;

/// Actions of one guild that are looked at together.
const OF_A_GUILD: u32 = 200;

/// An open action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAction {
    /// Its guild.
    pub guild: GuildId,
    /// Itself.
    pub id: ActionId,
    /// What it is.
    pub planned: Planned,
    /// How far it has come: pending or unknown.
    pub state: ActionState,
    /// When it was first claimed, in Unix milliseconds.
    pub claimed_at_ms: Option<i64>,
    /// Discord's answer, where it came at a moment at which nothing could follow from it.
    pub answer: Option<String>,
}

impl Owner {
    /// The open actions of the guilds that are served here, those of each guild in order.
    pub async fn open_actions(&self) -> Result<Vec<OpenAction>, WriteError> {
        self.read(|connection, _| {
            let mut statement = connection.prepare_cached(
                "SELECT DISTINCT o.guild_id FROM outbox AS o JOIN guild_fence AS f USING (guild_id)
                 WHERE o.state IN ('pending', 'sending', 'unknown') AND f.mode = 'serving'",
            )?;
            let guilds = statement.query_map([], |row| row.get::<_, i64>(0))?;
            let guilds = guilds.collect::<rusqlite::Result<Vec<_>>>()?;
            let mut open = Vec::new();
            for guild in guilds.into_iter().filter_map(|id| GuildId::from_i64(id).ok()) {
                of_guild(connection, guild, &mut open)?;
            }
            Ok(open)
        })
        .await
    }
}

fn of_guild(connection: &Connection, guild: GuildId, open: &mut Vec<OpenAction>) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT action_id, payload, not_after, state, claimed_at, answer FROM outbox
         WHERE guild_id = ?1 AND state IN ('pending', 'sending', 'unknown') ORDER BY position LIMIT ?2",
    )?;
    let mut rows = statement.query((guild.as_i64(), OF_A_GUILD))?;
    while let Some(row) = rows.next()? {
        let (id, payload, state): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let planned = Planned::from_payload(&payload, row.get(2)?);
        // One that this version cannot read is left for the version that wrote it; `outbox list` shows it.
        if let (Ok(id), Ok(planned), Some(state)) = (id.parse(), planned, ActionState::from_name(&state)) {
            open.push(OpenAction {
                guild,
                id,
                planned,
                state,
                claimed_at_ms: row.get(4)?,
                answer: row.get(5)?,
            });
        }
    }
    Ok(())
}
