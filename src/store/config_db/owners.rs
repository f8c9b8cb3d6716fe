//! Every guild's owner, and since when.

use super::connection::ConfigDb;
use super::error::StoreError;
use super::pods::{corrupt, pod_id};
use super::stamp::Stamped;
use crate::domain::ids::{Epoch, GuildId, PodId};

/// A guild's owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnedSince {
    /// The guild.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// Its owner's number.
    pub epoch: Epoch,
    /// When it was placed, first served or moved to its owner, whichever was last, in Unix milliseconds.
    pub since_ms: i64,
    /// Whether it was ever served.
    pub born: bool,
}

impl ConfigDb {
    /// The owners of all guilds, at one moment.
    pub async fn owners(&self) -> Result<Stamped<Vec<OwnedSince>>, StoreError> {
        let mut read = self.begin_read().await?;
        let rows = sqlx::query!(
            r#"select g.guild_id, g.pod_id, g.epoch, g.born_at is not null as "born!",
                      (extract(epoch from greatest(g.placed_at, g.born_at, f.at)) * 1000)::bigint as "since_ms!"
                 from guild g
                 left join (select m.guild_id, max(e.at) as at from move m join move_event e using (move_id)
                             where e.step = 'flipped' group by 1) f using (guild_id)
                order by g.guild_id"#
        )
        .fetch_all(&mut *read.tx)
        .await?;
        let owners = rows.into_iter().map(|row| {
            Ok(OwnedSince {
                guild: GuildId::from_i64(row.guild_id).map_err(|e| corrupt(&e))?,
                pod: pod_id(row.pod_id)?,
                epoch: Epoch::from_i64(row.epoch),
                since_ms: row.since_ms,
                born: row.born,
            })
        });
        let owners = owners.collect::<Result<Vec<_>, StoreError>>()?;
        self.end_read(read, owners).await
    }
}
