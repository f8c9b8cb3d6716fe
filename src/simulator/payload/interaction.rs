//! `INTERACTION_CREATE`.

use serde_json::{Value, json};

use super::{channel, member};
use crate::simulator::interactions::Interaction;
use crate::simulator::world::{World, permissions};

/// An interaction in a guild; `None` where its guild, channel or member is gone.
pub(in crate::simulator) fn create(world: &World, interaction: &Interaction, now_ms: u64) -> Option<Value> {
    let guild = world.guilds.get(&interaction.guild)?;
    let of = guild.channels.get(&interaction.channel)?;
    let user = world.users.get(&interaction.user)?;
    let mut who = member::full(user, guild.members.get(&interaction.user)?);
    who["user"] = member::user(user);
    let bits = permissions::of(guild, interaction.user, Some(of), now_ms);
    who["permissions"] = bits.to_string().into();
    let mut place = channel::json(world, of);
    place["permissions"] = bits.to_string().into();
    let mut value = json!({
        "app_permissions": world.bot_permissions(guild, Some(of), now_ms).to_string(),
        "application_id": world.bot,
        "attachment_size_limit": 524_288_000,
        "authorizing_integration_owners": { "0": guild.id },
        "channel": place,
        "channel_id": of.id,
        "context": 0,
        "data": interaction.data,
        "entitlement_sku_ids": [],
        "entitlements": [],
        "guild": { "features": ["AUTO_MODERATION"], "id": guild.id, "locale": "en-US" },
        "guild_id": guild.id,
        "guild_locale": "en-US",
        "id": interaction.id,
        "locale": "en-GB",
        "member": who,
        "token": interaction.token,
        "type": interaction.kind,
        "version": 1,
    });
    if let Some(message) = interaction.message.and_then(|id| world.messages.get(of.id, id)) {
        value["message"] = super::message::rest(world, message);
    }
    Some(value)
}
