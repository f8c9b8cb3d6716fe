//! The cross-guild rule: flags from many guilds become one event that every owner reads.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::change::By;
use super::connection::ConfigDb;
use super::error::StoreError;
use super::millis::millis;
use super::pods::corrupt;
use super::stamp::Stamped;
use crate::domain::ids::{GuildId, Revision};

/// One guild's flag of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// The user, a snowflake.
    pub user_id: u64,
    /// Which rule.
    pub rule: String,
    /// Which guild.
    pub guild: GuildId,
    /// What made the guild flag: the same cause counts once.
    pub cause: String,
}

/// When flags become an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlagRule {
    /// So many guilds.
    pub guilds: u32,
    /// Within this time; and no second event of the same user and rule within it.
    pub window: Duration,
}

/// A user flagged in many guilds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrossGuildEvent {
    /// Where it stands: owners keep the last one they acted on, guild by guild.
    pub rev: Revision,
    /// The user, a snowflake, as a string.
    pub user_id: String,
    /// Which rule.
    pub rule: String,
    /// The guilds that flagged.
    pub guilds: Vec<GuildId>,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
}

impl ConfigDb {
    /// Counts a flag; the event it completes, if it does. Repeating a flag changes nothing.
    pub async fn flag(
        &self,
        flag: &Flag,
        rule: FlagRule,
        by: &By,
    ) -> Result<Stamped<Option<Revision>>, StoreError> {
        let mut change = self.begin_change(by).await?;
        let user = flag.user_id.cast_signed();
        let window_ms = millis(rule.window);
        // The store's one row is locked, so nobody else counts this user now.
        sqlx::query!(
            "insert into cross_guild_flag (user_id, rule, guild_id, cause) values ($1, $2, $3, $4)
             on conflict do nothing",
            user,
            flag.rule,
            flag.guild.as_i64(),
            flag.cause
        )
        .execute(&mut *change.tx)
        .await?;
        let guilds: Vec<i64> = sqlx::query_scalar!(
            "select distinct guild_id from cross_guild_flag
              where user_id = $1 and rule = $2 and at > now() - $3 * interval '1 ms' order by guild_id",
            user,
            flag.rule,
            window_ms
        )
        .fetch_all(&mut *change.tx)
        .await?;
        let told_lately = sqlx::query_scalar!(
            r#"select exists (select from cross_guild_event
                               where user_id = $1 and rule = $2 and at > now() - $3 * interval '1 ms') as "told!""#,
            user,
            flag.rule,
            window_ms
        )
        .fetch_one(&mut *change.tx)
        .await?;
        let mut event = None;
        if !told_lately && guilds.len() >= usize::try_from(rule.guilds).unwrap_or(usize::MAX) {
            let rev = change.revision();
            sqlx::query!(
                "insert into cross_guild_event (rev, user_id, rule, guilds) values ($1, $2, $3, $4)",
                rev,
                user,
                flag.rule,
                &guilds
            )
            .execute(&mut *change.tx)
            .await?;
            let told = serde_json::json!({ "user_id": flag.user_id.to_string(), "rule": flag.rule });
            change.tell("cross_guild_event", format!("user/{}", flag.user_id), &told);
            event = Some(Revision::from_i64(rev));
        }
        change.commit_rows(self, event).await
    }

    /// Events after `since`, oldest first.
    pub async fn cross_guild_events(
        &self,
        since: Revision,
        limit: u32,
    ) -> Result<Stamped<Vec<CrossGuildEvent>>, StoreError> {
        let mut read = self.begin_read().await?;
        let events = sqlx::query!(
            r#"select rev, user_id, rule, guilds, (extract(epoch from at) * 1000)::bigint as "at_ms!"
                 from cross_guild_event where rev > $1 order by rev limit $2"#,
            since.as_i64(),
            i64::from(limit)
        )
        .fetch_all(&mut *read.tx)
        .await?
        .into_iter()
        .map(|row| {
            let guilds = row
                .guilds
                .into_iter()
                .map(GuildId::from_i64)
                .collect::<Result<_, _>>();
            Ok(CrossGuildEvent {
                rev: Revision::from_i64(row.rev),
                user_id: row.user_id.to_string(),
                rule: row.rule,
                guilds: guilds.map_err(|e| corrupt(&e))?,
                at_ms: row.at_ms,
            })
        })
        .collect::<Result<_, StoreError>>()?;
        self.end_read(read, events).await
    }

    /// Forgets flags older than `keep`; how many.
    pub async fn forget_flags(&self, keep: Duration) -> Result<u64, StoreError> {
        let gone = sqlx::query!(
            "delete from cross_guild_flag where at < now() - $1 * interval '1 ms'",
            millis(keep)
        )
        .execute(&self.pool)
        .await?;
        Ok(gone.rows_affected())
    }
}
