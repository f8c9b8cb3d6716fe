//! Messages: read, sent, edited, deleted, pinned.

mod body;
mod delete;

use serde_json::Value;

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::message as payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::message::Message;
use crate::simulator::world::permissions::{
    MANAGE_MESSAGES, MANAGE_THREADS, READ_MESSAGE_HISTORY, SEND_MESSAGES, SEND_MESSAGES_IN_THREADS,
};

pub(super) use body::edit as edit_body;
pub(super) use body::read as read_body;
pub(super) use delete::{bulk_delete, delete};

/// The channel of the path, where the bot may read it.
fn readable(call: &Call<'_>) -> Result<Snowflake, ApiError> {
    if !call.is_dm() {
        call.channel_with(READ_MESSAGE_HISTORY)?;
    }
    call.id("channel_id")
}

/// The message of the path, where the bot may read it.
fn message<'a>(call: &'a Call<'_>) -> Result<&'a Message, ApiError> {
    let channel = readable(call)?;
    call.state
        .world
        .messages
        .get(channel, call.id("message_id")?)
        .ok_or(ApiError::MESSAGE)
}

/// `GET /channels/{channel_id}/messages`, newest first; `before`, `after`, `around`, `limit`.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let limit = call.limit(50, 100)?;
    let before: Option<Snowflake> = call.asked("before")?;
    let after: Option<Snowflake> = call.asked("after")?;
    let around: Option<Snowflake> = call.asked("around")?;
    let channel = readable(call)?;
    let world = &call.state.world;
    let all = || world.messages.of(channel);
    let mut found: Vec<&Message> = match (before, after, around) {
        (Some(before), ..) => all().rev().filter(|one| one.id < before).take(limit).collect(),
        (_, Some(after), _) => all().filter(|one| one.id > after).take(limit).collect(),
        (.., Some(around)) => {
            let older = all().rev().filter(|one| one.id <= around).take(limit / 2 + 1);
            older
                .chain(all().filter(|one| one.id > around).take(limit / 2))
                .collect()
        }
        _ => all().rev().take(limit).collect(),
    };
    found.sort_by_key(|message| std::cmp::Reverse(message.id));
    Ok(Reply::Json(
        found
            .into_iter()
            .map(|message| payload::rest(world, message))
            .collect(),
    ))
}

/// `GET /channels/{channel_id}/messages/{message_id}`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::Json(payload::rest(&call.state.world, message(call)?)))
}

/// The channel of the path, where the bot may write in it.
fn writable(call: &Call<'_>) -> Result<Snowflake, ApiError> {
    let id = call.id("channel_id")?;
    if call.is_dm() {
        return Ok(id);
    }
    let (_, channel) = call.channel_with(0)?;
    if !channel.holds_messages() {
        return Err(ApiError::KIND);
    }
    let bits = if channel.thread.is_some() {
        SEND_MESSAGES_IN_THREADS
    } else {
        SEND_MESSAGES
    };
    let locked = channel
        .thread
        .as_ref()
        .is_some_and(|thread| thread.archived && thread.locked);
    call.channel_with(bits)?;
    if locked && call.channel_with(MANAGE_THREADS).is_err() {
        return Err(ApiError::ARCHIVED);
    }
    Ok(id)
}

/// `POST /channels/{channel_id}/messages`. With `enforce_nonce` a nonce seen in the nonce window returns the
/// message that has it, and nothing is sent.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let channel = writable(call)?;
    let body = read_body(call, channel)?;
    let nonce = nonce(call)?;
    let enforced = call.field::<bool>("enforce_nonce")?.unwrap_or(false);
    let key = nonce.as_ref().filter(|_| enforced).map(nonce_key);
    let window = u64::try_from(call.state.settings.rest.nonce_window.as_millis()).unwrap_or(u64::MAX);
    let now = call.now_ms();
    if let Some((channel, id)) = key
        .as_ref()
        .and_then(|key| call.state.nonces.find(key, now, window))
    {
        // A message that was deleted meanwhile still holds its nonce; its answer is gone with it.
        let message = call
            .state
            .world
            .messages
            .get(channel, id)
            .ok_or(ApiError::MESSAGE)?;
        let value = answer(call, message);
        created(call, channel, id, nonce, true);
        return Ok(Reply::Json(value));
    }
    let bot = call.bot();
    let id = call.state.send_message(channel, bot, body, nonce.clone(), 0);
    if let Some(key) = key {
        call.state.nonces.remember(key, channel, id, now);
    }
    created(call, channel, id, nonce, false);
    let message = call
        .state
        .world
        .messages
        .get(channel, id)
        .ok_or(ApiError::MESSAGE)?;
    Ok(Reply::Json(answer(call, message)))
}

fn answer(call: &Call<'_>, message: &Message) -> Value {
    let mut value = payload::rest(&call.state.world, message);
    payload::add_nonce(message, &mut value);
    value
}

fn created(call: &mut Call<'_>, channel: Snowflake, id: Snowflake, nonce: Option<Value>, repeated: bool) {
    let done = Done {
        channel: Some(channel),
        target: Some(id),
        nonce,
        repeated,
        ..Done::default()
    };
    call.done(EffectKind::MessageCreated, done);
}

/// `nonce`: a number, or a text of at most 25 characters.
fn nonce(call: &Call<'_>) -> Result<Option<Value>, ApiError> {
    let nonce: Option<Value> = call.field("nonce")?;
    let good = match &nonce {
        None | Some(Value::Number(_)) => true,
        Some(Value::String(text)) => text.chars().count() <= 25,
        Some(_) => false,
    };
    if good {
        Ok(nonce)
    } else {
        Err(ApiError::form("nonce", "Must be 25 or fewer in length."))
    }
}

/// A number and a text with the same digits are one nonce.
fn nonce_key(nonce: &Value) -> String {
    nonce.as_str().map_or_else(|| nonce.to_string(), str::to_owned)
}

/// `PATCH /channels/{channel_id}/messages/{message_id}`.
pub(super) fn edit(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let found = message(call)?;
    let (channel, id, author) = (found.channel, found.id, found.author);
    if author != call.bot() {
        return Err(ApiError::NOT_THE_AUTHOR);
    }
    edit_body(call, channel, id)?;
    call.done(
        EffectKind::MessageEdited,
        Done {
            channel: Some(channel),
            target: Some(id),
            ..Done::default()
        },
    );
    get(call)
}

/// `PUT /channels/{channel_id}/messages/pins/{message_id}`.
pub(super) fn pin(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    set_pinned(call, true)
}

/// `DELETE /channels/{channel_id}/messages/pins/{message_id}`.
pub(super) fn unpin(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    set_pinned(call, false)
}

fn set_pinned(call: &mut Call<'_>, pinned: bool) -> Result<Reply, ApiError> {
    let found = message(call)?;
    let (channel, id, repeated) = (found.channel, found.id, found.pinned == pinned);
    if !call.is_dm() {
        call.channel_with(MANAGE_MESSAGES)?;
    }
    if let Some(message) = call.state.world.messages.get_mut(channel, id) {
        message.pinned = pinned;
    }
    call.state.message_changed(channel, id);
    call.done(
        EffectKind::MessagePinned,
        Done {
            channel: Some(channel),
            target: Some(id),
            repeated,
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}
