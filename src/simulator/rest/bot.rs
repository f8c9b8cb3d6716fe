//! The bot itself: gateway addresses, its user, its guilds, direct messages.

use serde_json::{Value, json};

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::{channel, member};
use crate::simulator::snowflake::Snowflake;

/// `GET /gateway`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of handlers")]
pub(super) fn gateway(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::Json(json!({ "url": call.state.urls.gateway })))
}

/// `GET /gateway/bot`.
#[expect(clippy::unnecessary_wraps, reason = "the signature of handlers")]
pub(super) fn gateway_bot(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let now = call.now_ms();
    Ok(Reply::Json(json!({
        "session_start_limit": call.state.identify.report(now),
        "shards": call.state.settings.gateway.recommended_shards,
        "url": call.state.urls.gateway,
    })))
}

/// `GET /users/@me`.
pub(super) fn me(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let bot = call.state.world.users.get(&call.bot()).ok_or(ApiError::USER)?;
    Ok(Reply::Json(member::me(bot)))
}

/// `GET /users/@me/guilds`.
pub(super) fn my_guilds(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let limit = call.limit(200, 200)?;
    let after: Snowflake = call.asked("after")?.unwrap_or_default();
    let (world, now) = (&call.state.world, call.now_ms());
    let mine = world
        .guilds
        .values()
        .filter(|guild| guild.members.contains_key(&world.bot));
    let guilds: Vec<Value> = mine
        .filter(|guild| guild.id > after)
        .take(limit)
        .map(|guild| {
            json!({
                "banner": null,
                "features": ["AUTO_MODERATION"],
                "icon": null,
                "id": guild.id,
                "name": guild.name,
                "owner": guild.owner == world.bot,
                "permissions": world.bot_permissions(guild, None, now).to_string(),
            })
        })
        .collect();
    Ok(Reply::Json(guilds.into()))
}

/// `DELETE /users/@me/guilds/{guild_id}`.
pub(super) fn leave_guild(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let guild = call.guild()?.id;
    call.state.bot_leaves(guild);
    call.done(
        EffectKind::GuildLeft,
        Done {
            guild: Some(guild),
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}

/// `GET /users/{user_id}`.
pub(super) fn user(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let user = call
        .state
        .world
        .users
        .get(&call.id("user_id")?)
        .ok_or(ApiError::USER)?;
    Ok(Reply::Json(member::rest_user(user)))
}

/// `POST /users/@me/channels`: the direct-message channel with a user, made where there is none.
pub(super) fn open_dm(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let recipient: Option<Snowflake> = call.field("recipient_id")?;
    let recipient = recipient.ok_or_else(|| ApiError::form("recipient_id", "This field is required"))?;
    let known = call
        .state
        .world
        .users
        .get(&recipient)
        .is_some_and(|user| !user.bot);
    if !known {
        return Err(ApiError::form(
            "recipient_id",
            "Cannot send messages to this user",
        ));
    }
    let found = call
        .state
        .world
        .dms
        .iter()
        .find(|(_, user)| **user == recipient)
        .map(|(id, _)| *id);
    let id = found.unwrap_or_else(|| call.state.new_id());
    call.state.world.dms.insert(id, recipient);
    call.done(
        EffectKind::DmOpened,
        Done {
            channel: Some(id),
            target: Some(recipient),
            repeated: found.is_some(),
            ..Done::default()
        },
    );
    Ok(Reply::Json(channel::dm(&call.state.world, id, recipient)))
}

/// `GET /applications/@me`, also under `/oauth2`.
pub(super) fn application(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let bot = call.state.world.users.get(&call.bot()).ok_or(ApiError::USER)?;
    Ok(Reply::Json(json!({
        "approximate_guild_count": call.state.world.guilds.len(),
        "approximate_user_authorization_count": 0,
        "approximate_user_install_count": 0,
        "bot": member::rest_user(bot),
        "bot_public": true,
        "bot_require_code_grant": false,
        "description": "",
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "flags": 11_051_008,
        "flags_new": "11051008",
        "hook": true,
        "icon": null,
        "id": bot.id,
        "integration_types_config": { "0": {} },
        "interactions_endpoint_url": null,
        "max_participants": null,
        "name": bot.username,
        "owner": member::rest_user(bot),
        "redirect_uris": [],
        "role_connections_verification_url": null,
        "rpc_origins": [],
        "storefront_available": false,
        "summary": "",
        "tags": [],
        "team": null,
        "terms_of_service_url": "https://example.com/terms",
        "privacy_policy_url": "https://example.com/privacy",
        "type": null,
        "verify_key": "0".repeat(64),
    })))
}
