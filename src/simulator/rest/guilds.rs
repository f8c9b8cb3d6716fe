//! Reads of a guild.

use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::error::ApiError;
use crate::simulator::clock::iso;
use crate::simulator::payload;

/// `GET /guilds/{guild_id}`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let guild = call.guild()?;
    let mut value = payload::guild::rest(guild);
    if call
        .query
        .get("with_counts")
        .is_some_and(|wanted| wanted == "true")
    {
        value["approximate_member_count"] = guild.members.len().into();
        value["approximate_presence_count"] = 0.into();
    }
    Ok(Reply::Json(value))
}

/// `GET /guilds/{guild_id}/channels`: without threads.
pub(super) fn channels(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let guild = call.guild()?;
    let channels = guild.channels.values().filter(|channel| channel.thread.is_none());
    Ok(Reply::Json(
        channels
            .map(|channel| payload::channel::json(&call.state.world, channel))
            .collect(),
    ))
}

/// `GET /guilds/{guild_id}/roles`.
pub(super) fn roles(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::Json(
        call.guild()?.roles.values().map(payload::guild::role).collect(),
    ))
}

/// `GET /guilds/{guild_id}/emojis`.
pub(super) fn emojis(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let guild = call.guild()?;
    let mut emojis = payload::guild::emojis(guild);
    let owner = call
        .state
        .world
        .users
        .get(&guild.owner)
        .map(payload::member::rest_user);
    emojis[0]["user"] = json!(owner);
    Ok(Reply::Json(emojis))
}

/// `GET /guilds/{guild_id}/threads/active`.
pub(super) fn active_threads(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (guild, bot) = (call.guild()?, call.bot());
    let active: Vec<_> = guild
        .channels
        .values()
        .filter_map(|channel| {
            Some((
                channel,
                channel.thread.as_ref().filter(|thread| !thread.archived)?,
            ))
        })
        .collect();
    let threads: Vec<Value> = active
        .iter()
        .map(|(channel, _)| payload::channel::json(&call.state.world, channel))
        .collect();
    let members: Vec<Value> = active
        .iter()
        .filter(|(_, thread)| thread.members.contains(&bot))
        .map(|(channel, thread)| {
            json!({
                "flags": 0,
                "id": channel.id,
                "join_timestamp": iso(thread.created_ms),
                "user_id": bot,
            })
        })
        .collect();
    Ok(Reply::Json(
        json!({ "has_more": false, "members": members, "threads": threads }),
    ))
}
