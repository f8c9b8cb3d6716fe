//! Answers to interactions, and their follow-ups.

use serde_json::{Value, json};

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use super::messages::{edit_body, read_body};
use crate::simulator::interactions::Interaction;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::message as payload;
use crate::simulator::snowflake::Snowflake;

/// Callback types. Source: Discord developer documentation, "Interaction Callback Type".
mod callback {
    pub(super) const MESSAGE: u64 = 4;
    pub(super) const DEFERRED_MESSAGE: u64 = 5;
    pub(super) const DEFERRED_UPDATE: u64 = 6;
    pub(super) const UPDATE: u64 = 7;
    pub(super) const KINDS: [u64; 8] = [1, MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, 8, 9, 12];
}

/// The message type of answers to commands: `CHAT_INPUT_COMMAND`.
const COMMAND_ANSWER: u8 = 20;

/// `POST /interactions/{interaction_id}/{interaction_token}/callback`: the first answer, in time and once.
pub(super) fn answer(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let kind: u64 = call.field("type")?.unwrap_or_default();
    if !callback::KINDS.contains(&kind) {
        return Err(ApiError::form(
            "type",
            "Value must be one of {1, 4, 5, 6, 7, 8, 9, 12}.",
        ));
    }
    let (id, token, now) = (
        call.id("interaction_id")?,
        call.param("interaction_token").to_owned(),
        call.now_ms(),
    );
    let deadline = millis(call.state.settings.rest.interaction_deadline);
    let found = call
        .state
        .interactions
        .get_mut(&token)
        .filter(|one| one.id == id)
        .ok_or(ApiError::INTERACTION)?;
    if found.answered_ms.is_some() {
        return Err(ApiError::ANSWERED);
    }
    if now > found.made_ms + deadline {
        return Err(ApiError::INTERACTION);
    }
    let interaction = found.clone();
    let original = first_message(call, &interaction, kind)?;
    if let Some(found) = call.state.interactions.get_mut(&token) {
        (found.answered_ms, found.original) = (Some(now), original);
    }
    note(
        call,
        EffectKind::InteractionAnswered,
        &interaction,
        Some(interaction.id),
    );
    if call
        .query
        .get("with_response")
        .is_some_and(|wanted| wanted == "true")
    {
        let loading = kind == callback::DEFERRED_MESSAGE;
        return Ok(Reply::Json(response(call, &interaction, kind, original, loading)));
    }
    Ok(Reply::Nothing)
}

/// The message that the first answer makes or stands on.
fn first_message(
    call: &mut Call<'_>,
    interaction: &Interaction,
    kind: u64,
) -> Result<Option<Snowflake>, ApiError> {
    let data = call.body.get("data").cloned().unwrap_or_else(|| json!({}));
    match kind {
        callback::MESSAGE => {
            call.body = data;
            post(call, interaction).map(Some)
        }
        callback::UPDATE => {
            call.body = data;
            let message = interaction
                .message
                .ok_or_else(|| ApiError::form("type", "There is no message."))?;
            edit_body(call, interaction.channel, message)?;
            Ok(Some(message))
        }
        callback::DEFERRED_UPDATE => Ok(interaction.message),
        _ => Ok(None),
    }
}

fn post(call: &mut Call<'_>, interaction: &Interaction) -> Result<Snowflake, ApiError> {
    let body = read_body(call, interaction.channel)?;
    let bot = call.bot();
    Ok(call
        .state
        .send_message(interaction.channel, bot, body, None, COMMAND_ANSWER))
}

fn response(
    call: &Call<'_>,
    interaction: &Interaction,
    kind: u64,
    original: Option<Snowflake>,
    loading: bool,
) -> Value {
    let mut value = json!({
        "interaction": {
            "id": interaction.id,
            "response_message_ephemeral": false,
            "response_message_id": original,
            "response_message_loading": loading,
            "type": interaction.kind,
        },
        "resource": { "type": kind },
    });
    let message = original.and_then(|id| call.state.world.messages.get(interaction.channel, id));
    if let Some(message) = message {
        value["resource"]["message"] = payload::rest(&call.state.world, message);
    }
    value
}

/// The interaction whose token is in the path, where it is answered and its token still good.
fn answered(call: &mut Call<'_>) -> Result<Interaction, ApiError> {
    let (now, bot) = (call.now_ms(), call.bot());
    if call.id("webhook_id")? != bot {
        return Err(ApiError::WEBHOOK);
    }
    let life = millis(call.state.settings.rest.interaction_token_life);
    let token = call.param("webhook_token").to_owned();
    let found = call
        .state
        .interactions
        .get_mut(&token)
        .ok_or(ApiError::WEBHOOK_TOKEN)?;
    if now > found.made_ms + life {
        return Err(ApiError::WEBHOOK_TOKEN);
    }
    if found.answered_ms.is_none() {
        return Err(ApiError::WEBHOOK);
    }
    Ok(found.clone())
}

fn millis(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn note(call: &mut Call<'_>, kind: EffectKind, interaction: &Interaction, target: Option<Snowflake>) {
    let (guild, channel) = (Some(interaction.guild), Some(interaction.channel));
    call.done(
        kind,
        Done {
            guild,
            channel,
            target,
            ..Done::default()
        },
    );
}

fn message_json(call: &Call<'_>, channel: Snowflake, id: Snowflake) -> Result<Reply, ApiError> {
    let message = call
        .state
        .world
        .messages
        .get(channel, id)
        .ok_or(ApiError::MESSAGE)?;
    Ok(Reply::Json(payload::rest(&call.state.world, message)))
}

/// `GET …/messages/@original`.
pub(super) fn original(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let interaction = answered(call)?;
    message_json(
        call,
        interaction.channel,
        interaction.original.ok_or(ApiError::MESSAGE)?,
    )
}

/// `PATCH …/messages/@original`: after a deferred answer this makes its message.
pub(super) fn edit_original(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let interaction = answered(call)?;
    let id = if let Some(id) = interaction.original {
        edit_body(call, interaction.channel, id)?;
        id
    } else {
        let id = post(call, &interaction)?;
        if let Some(found) = call.state.interactions.get_mut(&interaction.token) {
            found.original = Some(id);
        }
        id
    };
    note(call, EffectKind::InteractionEdited, &interaction, Some(id));
    message_json(call, interaction.channel, id)
}

/// `DELETE …/messages/@original`.
pub(super) fn delete_original(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let interaction = answered(call)?;
    let id = interaction.original.ok_or(ApiError::MESSAGE)?;
    remove(call, &interaction, id)
}

fn remove(call: &mut Call<'_>, interaction: &Interaction, id: Snowflake) -> Result<Reply, ApiError> {
    let by = call.by();
    let gone = call
        .state
        .delete_message(interaction.channel, id, by.actor, by.reason);
    if gone.is_none() {
        return Err(ApiError::MESSAGE);
    }
    note(call, EffectKind::InteractionAnswerDeleted, interaction, Some(id));
    Ok(Reply::Nothing)
}

/// `POST /webhooks/{webhook_id}/{webhook_token}`: a follow-up.
pub(super) fn follow_up(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let interaction = answered(call)?;
    let id = post(call, &interaction)?;
    note(call, EffectKind::FollowupCreated, &interaction, Some(id));
    message_json(call, interaction.channel, id)
}

/// `PATCH …/messages/{message_id}`.
pub(super) fn edit_follow_up(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let interaction = answered(call)?;
    let id = call.id("message_id")?;
    edit_body(call, interaction.channel, id)?;
    note(call, EffectKind::InteractionEdited, &interaction, Some(id));
    message_json(call, interaction.channel, id)
}

/// `DELETE …/messages/{message_id}`.
pub(super) fn delete_follow_up(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let interaction = answered(call)?;
    let id = call.id("message_id")?;
    remove(call, &interaction, id)
}
