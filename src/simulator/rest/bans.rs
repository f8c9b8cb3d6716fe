//! Bans.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::member;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::guild::Guild;
use crate::simulator::world::permissions::BAN_MEMBERS;

/// Seven days.
const MOST_SECONDS: u64 = 604_800;

fn json(call: &Call<'_>, guild: &Guild, user: Snowflake) -> Option<Value> {
    let reason = guild.bans.get(&user)?;
    Some(json!({ "reason": reason, "user": call.state.world.users.get(&user).map(member::rest_user) }))
}

/// `GET /guilds/{guild_id}/bans`, in order of id.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let limit = call.limit(1000, 1000)?;
    let after: Snowflake = call.asked("after")?.unwrap_or_default();
    let guild = call.guild_with(BAN_MEMBERS)?;
    let ids = guild.bans.keys().filter(|id| **id > after).take(limit);
    Ok(Reply::Json(ids.filter_map(|id| json(call, guild, *id)).collect()))
}

/// `GET /guilds/{guild_id}/bans/{user_id}`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let guild = call.guild_with(BAN_MEMBERS)?;
    json(call, guild, call.id("user_id")?)
        .map(Reply::Json)
        .ok_or(ApiError::BAN)
}

/// How far back messages are deleted.
fn delete_seconds(call: &Call<'_>) -> Result<u64, ApiError> {
    let days: Option<u64> = call.field("delete_message_days")?;
    let seconds: Option<u64> = call.field("delete_message_seconds")?;
    let seconds = seconds
        .or(days.map(|days| days.saturating_mul(86_400)))
        .unwrap_or(0);
    if seconds > MOST_SECONDS {
        return Err(ApiError::form(
            "delete_message_seconds",
            "int value should be less than or equal to 604800.",
        ));
    }
    Ok(seconds)
}

/// `PUT /guilds/{guild_id}/bans/{user_id}`; a second time it changes nothing.
pub(super) fn put(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let user = call.id("user_id")?;
    let seconds = delete_seconds(call)?;
    let guild = call.guild_with(BAN_MEMBERS)?;
    if !call.state.world.users.contains_key(&user) {
        return Err(ApiError::USER);
    }
    call.outranks(guild, user)?;
    let (guild, by) = (guild.id, call.by());
    let new = call.state.ban(guild, user, &by, seconds);
    banned(call, guild, user, !new);
    Ok(Reply::Nothing)
}

fn banned(call: &mut Call<'_>, guild: Snowflake, user: Snowflake, repeated: bool) {
    call.done(
        EffectKind::MemberBanned,
        Done {
            guild: Some(guild),
            target: Some(user),
            repeated,
            ..Done::default()
        },
    );
}

/// `DELETE /guilds/{guild_id}/bans/{user_id}`.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let user = call.id("user_id")?;
    let guild = call.guild_with(BAN_MEMBERS)?.id;
    let by = call.by();
    if !call.state.unban(guild, user, &by) {
        return Err(ApiError::BAN);
    }
    call.done(
        EffectKind::MemberUnbanned,
        Done {
            guild: Some(guild),
            target: Some(user),
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}

/// `POST /guilds/{guild_id}/bulk-ban`: up to 200 users; says who was banned and who could not be.
pub(super) fn bulk(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let users: Vec<Snowflake> = call.field("user_ids")?.unwrap_or_default();
    if users.is_empty() || users.len() > 200 {
        return Err(ApiError::form("user_ids", "Must be between 1 and 200 in length."));
    }
    let seconds = delete_seconds(call)?;
    let guild = call.guild_with(BAN_MEMBERS)?.id;
    let by = call.by();
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for user in users {
        let known = call.state.world.users.contains_key(&user);
        let may = known && call.outranks(call.guild()?, user).is_ok();
        if may && call.state.ban(guild, user, &by, seconds) {
            banned(call, guild, user, false);
            done.push(user);
        } else {
            failed.push(user);
        }
    }
    if done.is_empty() {
        return Ok(Reply::With(
            StatusCode::BAD_REQUEST,
            json!({ "code": 500_000, "message": "Failed to ban users" }),
        ));
    }
    Ok(Reply::Json(
        json!({ "banned_users": done, "failed_users": failed }),
    ))
}
