//! Reactions.

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::member;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::permissions::{ADD_REACTIONS, MANAGE_MESSAGES, READ_MESSAGE_HISTORY};

/// The channel and message of the path, where the bot has `bits`.
fn place(call: &Call<'_>, bits: u64) -> Result<(Snowflake, Snowflake), ApiError> {
    let (channel, message) = (call.id("channel_id")?, call.id("message_id")?);
    if !call.is_dm() {
        call.channel_with(bits)?;
    }
    match call.state.world.messages.get(channel, message) {
        Some(_) => Ok((channel, message)),
        None => Err(ApiError::MESSAGE),
    }
}

fn emoji(call: &Call<'_>) -> String {
    call.param("emoji_name").to_owned()
}

/// `GET …/reactions/{emoji_name}`: who reacted.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let limit = call.limit(25, 100)?;
    let after: Snowflake = call.asked("after")?.unwrap_or_default();
    let (channel, id) = place(call, READ_MESSAGE_HISTORY)?;
    let world = &call.state.world;
    let message = world.messages.get(channel, id).ok_or(ApiError::MESSAGE)?;
    let users = message
        .reactions
        .get(call.param("emoji_name"))
        .map_or(&[][..], Vec::as_slice);
    let chosen = users.iter().filter(|user| **user > after).take(limit);
    Ok(Reply::Json(
        chosen
            .filter_map(|user| world.users.get(user))
            .map(member::rest_user)
            .collect(),
    ))
}

/// `PUT …/reactions/{emoji_name}/@me`.
pub(super) fn add(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (channel, id) = place(call, ADD_REACTIONS | READ_MESSAGE_HISTORY)?;
    let (bot, emoji) = (call.bot(), emoji(call));
    let new = call.state.react(channel, id, bot, &emoji);
    noted(call, EffectKind::ReactionAdded, channel, id, !new);
    Ok(Reply::Nothing)
}

/// `DELETE …/reactions/{emoji_name}/@me`.
pub(super) fn take_own(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (channel, id) = place(call, 0)?;
    let bot = call.bot();
    Ok(remove(call, channel, id, bot))
}

/// `DELETE …/reactions/{emoji_name}/{user_id}`.
pub(super) fn take(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (channel, id) = place(call, MANAGE_MESSAGES)?;
    let user = call.id("user_id")?;
    Ok(remove(call, channel, id, user))
}

fn remove(call: &mut Call<'_>, channel: Snowflake, id: Snowflake, user: Snowflake) -> Reply {
    let emoji = emoji(call);
    let was = call.state.unreact(channel, id, user, &emoji);
    noted(call, EffectKind::ReactionRemoved, channel, id, !was);
    Reply::Nothing
}

fn noted(call: &mut Call<'_>, kind: EffectKind, channel: Snowflake, id: Snowflake, repeated: bool) {
    call.done(
        kind,
        Done {
            channel: Some(channel),
            target: Some(id),
            repeated,
            ..Done::default()
        },
    );
}
