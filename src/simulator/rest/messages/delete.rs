//! Messages deleted, one or many.

use super::super::call::{Call, Done, Reply};
use super::super::error::ApiError;
use super::message;
use crate::simulator::ledger::EffectKind;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::permissions::MANAGE_MESSAGES;

/// Older messages cannot be deleted in bulk: 14 days.
const BULK_AGE_MS: u64 = 14 * 86_400_000;

/// `DELETE /channels/{channel_id}/messages/{message_id}`.
pub(in crate::simulator::rest) fn delete(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let found = message(call)?;
    let (channel, id, author) = (found.channel, found.id, found.author);
    if author != call.bot() {
        if call.is_dm() {
            return Err(ApiError::PERMISSIONS);
        }
        call.channel_with(MANAGE_MESSAGES)?;
    }
    let by = call.by();
    call.state.delete_message(channel, id, by.actor, by.reason);
    call.done(
        EffectKind::MessageDeleted,
        Done {
            channel: Some(channel),
            target: Some(id),
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}

/// `POST /channels/{channel_id}/messages/bulk-delete`: 2 to 100 ids, none twice, none older than 14 days; ids
/// of messages that are gone are passed over.
pub(in crate::simulator::rest) fn bulk_delete(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let ids: Vec<Snowflake> = call.field("messages")?.unwrap_or_default();
    let channel = call.channel_with(MANAGE_MESSAGES)?.1.id;
    if !(2..=100).contains(&ids.len()) {
        return Err(ApiError::BULK_COUNT);
    }
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < ids.len() {
        return Err(ApiError::form("messages", "Duplicate message ids."));
    }
    let oldest = call.now_ms().saturating_sub(BULK_AGE_MS);
    if ids.iter().any(|id| id.created_ms() < oldest) {
        return Err(ApiError::TOO_OLD);
    }
    let there: Vec<Snowflake> = ids
        .into_iter()
        .filter(|id| call.state.world.messages.get(channel, *id).is_some())
        .collect();
    let by = call.by();
    if !there.is_empty() {
        call.state.delete_messages(channel, &there, by.actor, by.reason);
    }
    for id in there {
        let done = Done {
            channel: Some(channel),
            target: Some(id),
            ..Done::default()
        };
        call.done(EffectKind::MessagesBulkDeleted, done);
    }
    Ok(Reply::Nothing)
}
