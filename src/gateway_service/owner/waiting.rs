//! What waits in `forward`, for those who see to it.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::{Owner, facts, forward};
use crate::domain::discord_event::UserId;
use crate::domain::fence::Position;
use crate::domain::ids::{DiscordShardId, GuildId, NumShards, SessionNo};
use crate::store::shard_db::{WriteError, WriteTx};

/// A stored frame, to be sent to its guild's owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingFrame {
    /// Its guild.
    pub guild: GuildId,
    /// The Discord shard of its session.
    pub shard: DiscordShardId,
    /// Its place in the Discord shard's events.
    pub at: Position,
    /// The payload.
    pub raw: String,
}

/// Stored frames of some guilds, those of each in order.
#[derive(Debug, Default)]
pub struct Waiting {
    /// The frames.
    pub frames: Vec<WaitingFrame>,
    /// The bot's own id, as a session told it.
    pub bot_user_id: Option<String>,
    /// Up to where an owner has kept frames of these guilds before.
    pub gone_to: Vec<(GuildId, Position)>,
}

impl Owner {
    /// The bot's own account, once a session has told it.
    pub async fn bot(&self) -> Result<Option<UserId>, WriteError> {
        self.read(|connection, _| facts::bot(connection)).await
    }

    /// The guilds with stored frames.
    pub async fn waiting_guilds(&self) -> Result<Vec<GuildId>, WriteError> {
        self.read(|connection, _| forward::guilds(connection)).await
    }

    /// How many frames of a Discord shard are stored.
    pub async fn waiting_of_shard(&self, shard: DiscordShardId) -> Result<u64, WriteError> {
        self.read(move |connection, _| {
            connection
                .prepare_cached("SELECT count(*) FROM forward WHERE shard_id = ?1")?
                .query_row([shard.get()], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
        })
        .await
    }

    /// The first stored frames of each of these guilds: about `bytes` of them, at least one.
    pub async fn waiting_frames(&self, guilds: Vec<GuildId>, bytes: u64) -> Result<Waiting, WriteError> {
        self.read(move |connection, num_shards| frames(connection, num_shards, &guilds, bytes))
            .await
    }

    /// The guild's owner has kept its frames up to `position`: they go.
    pub async fn kept_elsewhere(&self, guild: GuildId, position: Position) -> Result<(), WriteError> {
        let work = move |tx: &WriteTx<'_>| Ok(forward::kept_until(tx.shard(), guild, position)?);
        self.db.writer().write("kept elsewhere", work).await
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, NumShards) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteError> {
        let (db, num_shards) = (Arc::clone(&self.db), self.rules.num_shards);
        let read = move || db.read(|connection| work(connection, num_shards));
        let done = tokio::task::spawn_blocking(read).await;
        match done {
            Ok(result) => Ok(result?),
            Err(error) => Err(WriteError::Panicked(error.to_string())),
        }
    }
}

fn gone_to(connection: &Connection, guilds: &[GuildId]) -> rusqlite::Result<Vec<(GuildId, Position)>> {
    let mut statement = connection
        .prepare_cached("SELECT session_no, seq FROM forward_mark WHERE guild_id = ?1 AND session_no > 0")?;
    let mut marks = Vec::new();
    for guild in guilds {
        let mark = statement
            .query_row([guild.as_i64()], |row| {
                Ok(Position {
                    session_no: SessionNo::from_i64(row.get(0)?),
                    seq: row.get::<_, i64>(1)?.cast_unsigned(),
                })
            })
            .optional()?;
        marks.extend(mark.map(|position| (*guild, position)));
    }
    Ok(marks)
}

fn frames(
    connection: &Connection,
    num_shards: NumShards,
    guilds: &[GuildId],
    bytes: u64,
) -> rusqlite::Result<Waiting> {
    let mut waiting = Waiting {
        frames: Vec::new(),
        gone_to: gone_to(connection, guilds)?,
        bot_user_id: connection
            .query_row("SELECT value FROM meta WHERE key = 'bot_user_id'", [], |row| {
                row.get(0)
            })
            .optional()?,
    };
    let mut held = 0;
    let mut statement = connection.prepare_cached(
        "SELECT shard_id, session_no, seq, raw FROM forward WHERE guild_id = ?1 ORDER BY session_no, seq",
    )?;
    for guild in guilds {
        let mut rows = statement.query([guild.as_i64()])?;
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(0)?;
            let raw: Vec<u8> = row.get(3)?;
            let size = raw.len() as u64;
            if held > 0 && held + size > bytes {
                return Ok(waiting);
            }
            held += size;
            waiting.frames.push(WaitingFrame {
                guild: *guild,
                shard: num_shards
                    .shard(number)
                    .ok_or(rusqlite::Error::IntegralValueOutOfRange(0, number.into()))?,
                at: Position {
                    session_no: SessionNo::from_i64(row.get(1)?),
                    seq: row.get::<_, i64>(2)?.cast_unsigned(),
                },
                raw: String::from_utf8_lossy(&raw).into_owned(),
            });
        }
    }
    Ok(waiting)
}
