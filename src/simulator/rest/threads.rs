//! Threads made, and who is in them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::call::{Call, Done, Reply};
use super::channels::{auto_archive, name};
use super::error::ApiError;
use crate::simulator::clock::iso;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::channel;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::channel::{PRIVATE_THREAD, PUBLIC_THREAD, TEXT};
use crate::simulator::world::permissions::{
    CREATE_PRIVATE_THREADS, CREATE_PUBLIC_THREADS, SEND_MESSAGES_IN_THREADS,
};

/// What Discord archives after when nothing is said.
const DEFAULT_MINUTES: u64 = 4320;

/// `POST /channels/{channel_id}/messages/{message_id}/threads`: the thread gets the message's id.
pub(super) fn from_message(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let message_id = call.id("message_id")?;
    let (_, parent) = call.channel_with(CREATE_PUBLIC_THREADS)?;
    let (parent, parent_kind) = (parent.id, parent.kind);
    if parent_kind != TEXT {
        return Err(ApiError::KIND);
    }
    let message = call
        .state
        .world
        .messages
        .get(parent, message_id)
        .ok_or(ApiError::MESSAGE)?;
    if message.thread.is_some() {
        return Err(ApiError::HAS_THREAD);
    }
    make(call, parent, message_id, PUBLIC_THREAD)
}

/// `POST /channels/{channel_id}/threads`: private where no type is given.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let kind: u8 = call.field("type")?.unwrap_or(PRIVATE_THREAD);
    let bits = match kind {
        PUBLIC_THREAD => CREATE_PUBLIC_THREADS,
        PRIVATE_THREAD => CREATE_PRIVATE_THREADS,
        _ => return Err(ApiError::form("type", "Value must be one of {11, 12}.")),
    };
    let (_, parent) = call.channel_with(bits)?;
    let (parent, parent_kind) = (parent.id, parent.kind);
    if parent_kind != TEXT {
        return Err(ApiError::KIND);
    }
    let id = call.state.new_id();
    make(call, parent, id, kind)
}

fn make(call: &mut Call<'_>, parent: Snowflake, id: Snowflake, kind: u8) -> Result<Reply, ApiError> {
    let name = name(call)?.ok_or_else(|| ApiError::form("name", "This field is required"))?;
    let minutes = auto_archive(call)?.unwrap_or(DEFAULT_MINUTES);
    let by = call.by();
    call.state.add_thread(parent, id, kind, name, minutes, &by);
    call.done(
        EffectKind::ThreadCreated,
        Done {
            channel: Some(parent),
            target: Some(id),
            ..Done::default()
        },
    );
    let thread = call.state.world.channel(id).ok_or(ApiError::CHANNEL)?;
    let mut value = channel::json(&call.state.world, thread);
    value["member"] = member(id, call.bot(), call.now_ms());
    Ok(Reply::With(StatusCode::CREATED, value))
}

fn member(thread: Snowflake, user: Snowflake, joined_ms: u64) -> Value {
    json!({ "flags": 0, "id": thread, "join_timestamp": iso(joined_ms), "user_id": user })
}

/// `GET /channels/{channel_id}/thread-members`.
pub(super) fn members(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (_, found) = call.channel_with(0)?;
    let thread = found.thread.as_ref().ok_or(ApiError::KIND)?;
    let members = thread
        .members
        .iter()
        .map(|user| member(found.id, *user, thread.created_ms));
    Ok(Reply::Json(members.collect()))
}

/// `PUT /channels/{channel_id}/thread-members/{user_id}`.
pub(super) fn add_member(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let user = call.id("user_id")?;
    let (guild, found) = call.channel_with(SEND_MESSAGES_IN_THREADS)?;
    let thread = found.thread.as_ref().ok_or(ApiError::KIND)?;
    if thread.archived {
        return Err(ApiError::ARCHIVED);
    }
    if !guild.members.contains_key(&user) {
        return Err(ApiError::MEMBER);
    }
    let (id, repeated) = (found.id, thread.members.contains(&user));
    let thread = call
        .state
        .world
        .channel_mut(id)
        .and_then(|channel| channel.thread.as_mut());
    if let Some(thread) = thread.filter(|_| !repeated) {
        thread.members.push(user);
    }
    call.done(
        EffectKind::ThreadMemberAdded,
        Done {
            channel: Some(id),
            target: Some(user),
            repeated,
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}
