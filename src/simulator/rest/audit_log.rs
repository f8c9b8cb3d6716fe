//! `GET /guilds/{guild_id}/audit-logs`.

use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::error::ApiError;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::permissions::VIEW_AUDIT_LOG;

/// Newest first; `user_id`, `target_id`, `action_type`, `before`, `after`, `limit`.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let limit = call.limit(50, 1000)?;
    let user: Option<Snowflake> = call.asked("user_id")?;
    let target: Option<Snowflake> = call.asked("target_id")?;
    let action: Option<u16> = call.asked("action_type")?;
    let before: Option<Snowflake> = call.asked("before")?;
    let after: Option<Snowflake> = call.asked("after")?;
    let guild = call.guild_with(VIEW_AUDIT_LOG)?;
    let matching = guild.audit.iter().rev().filter(|entry| {
        user.is_none_or(|user| entry.actor == user)
            && target.is_none_or(|target| entry.target == Some(target))
            && action.is_none_or(|action| entry.action == action)
            && before.is_none_or(|before| entry.id < before)
            && after.is_none_or(|after| entry.id > after)
    });
    let entries: Vec<_> = matching.take(limit).collect();
    let mut concerned: Vec<Snowflake> = entries
        .iter()
        .flat_map(|entry| [Some(entry.actor), entry.target])
        .flatten()
        .collect();
    concerned.sort_unstable();
    concerned.dedup();
    let users = concerned.iter().filter_map(|id| call.state.world.users.get(id));
    let users: Vec<Value> = users.map(payload::member::rest_user).collect();
    Ok(Reply::Json(json!({
        "application_commands": [],
        "audit_log_entries": entries.into_iter().map(payload::audit::entry).collect::<Vec<_>>(),
        "auto_moderation_rules": [],
        "guild_scheduled_events": [],
        "integrations": [],
        "threads": [],
        "users": users,
        "webhooks": [],
    })))
}
