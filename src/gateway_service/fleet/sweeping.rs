//! The bytes of each guild, counted a few guilds at a time: a guild's rows are read for it, and readers are shared.

use std::sync::Arc;
use std::time::Duration;

use super::Fleet;
use crate::domain::fence::FenceMode;
use crate::domain::ids::GuildId;
use crate::gateway_service::session_rows;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::WriteError;

/// A guild that was counted so lately is not counted again, unless much has happened in it.
const AGE: Duration = Duration::from_mins(10);
/// Rows read in one round, and guilds looked at; the guild that passes the limit is counted to its end.
const ROWS: u64 = 20_000;
const GUILDS: u32 = 200;

/// Counts on, round by round, until the pod stops.
pub(super) async fn run(fleet: Arc<Fleet>) {
    let mut after = 0;
    loop {
        tokio::select! {
            () = tokio::time::sleep(fleet.settings.heartbeat_interval) => {}
            () = fleet.host.stop.cancelled() => return,
        }
        let own = Arc::clone(&fleet);
        match tokio::task::spawn_blocking(move || round(&own, after)).await {
            Ok(Ok(next)) => after = next,
            Ok(Err(error)) => tracing::warn!(error = %Chain(&error), "guilds could not be counted"),
            Err(error) => tracing::error!(error = %error, "counting guilds broke off"),
        }
    }
}

/// One round from behind a guild; the guild to go on behind.
fn round(fleet: &Fleet, after: i64) -> Result<i64, WriteError> {
    let guilds = fleet
        .db
        .read(|connection| session_rows::guilds_after(connection, after, GUILDS))?;
    let now = fleet.clock.boottime();
    let mut rows = 0;
    for guild in &guilds {
        let fence = fleet.db.fence(*guild)?;
        let serves = fence.is_some_and(|fence| fence.state.mode == FenceMode::Serving);
        if !serves || fleet.loads.is_swept(*guild, now, AGE) {
            continue;
        }
        let sizes = fleet.db.guild_sizes(*guild)?;
        let counted = sizes.iter().map(|table| table.rows).sum::<u64>();
        let bytes = sizes.iter().map(|table| table.bytes).sum();
        fleet.loads.swept(*guild, (counted, bytes), now);
        rows += counted;
        if rows >= ROWS {
            return Ok(guild.as_i64());
        }
    }
    // At the end it begins anew.
    let full = guilds.len() == usize::try_from(GUILDS).unwrap_or(usize::MAX);
    Ok(guilds.last().copied().filter(|_| full).map_or(0, GuildId::as_i64))
}
