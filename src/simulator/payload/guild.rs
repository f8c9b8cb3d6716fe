//! Guilds and roles.

use serde_json::{Map, Value, json};

use super::{channel, member};
use crate::simulator::clock::iso;
use crate::simulator::world::World;
use crate::simulator::world::guild::{Guild, Role};

/// A role as REST answers carry it.
pub(in crate::simulator) fn role(role: &Role) -> Value {
    let mut value = json!({
        "color": 0,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null },
        "description": null,
        "flags": 0,
        "hoist": false,
        "icon": null,
        "id": role.id,
        "managed": role.bot.is_some(),
        "mentionable": false,
        "name": role.name,
        "permissions": role.permissions.to_string(),
        "position": role.position,
        "unicode_emoji": null,
    });
    if let Some(bot) = role.bot {
        value["tags"] = json!({ "bot_id": bot });
    }
    value
}

fn role_in_guild_create(of: &Role) -> Value {
    let mut value = role(of);
    if let Some(map) = value.as_object_mut() {
        map.remove("description");
        map.entry("tags").or_insert_with(|| json!({}));
    }
    value["version"] = 0.into();
    value
}

/// A guild's emojis.
pub(in crate::simulator) fn emojis(guild: &Guild) -> Value {
    json!([{
        "animated": false,
        "available": true,
        "id": guild.emoji,
        "managed": false,
        "name": "modbot",
        "require_colons": true,
        "roles": [],
    }])
}

/// What `GUILD_CREATE` and `GET /guilds/{guild_id}` share.
fn common(guild: &Guild) -> Map<String, Value> {
    let nothing = [
        "afk_channel_id",
        "application_id",
        "banner",
        "description",
        "discovery_splash",
        "home_header",
        "hub_type",
        "icon",
        "incidents_data",
        "inventory_settings",
        "latest_onboarding_question_id",
        "premium_progress_bar_enabled_user_updated_at",
        "public_updates_channel_id",
        "rules_channel_id",
        "safety_alerts_channel_id",
        "splash",
        "vanity_url_code",
    ];
    let zero = [
        "default_message_notifications",
        "explicit_content_filter",
        "mfa_level",
        "nsfw_level",
        "owner_configured_content_level",
        "premium_subscription_count",
        "premium_tier",
        "system_channel_flags",
        "verification_level",
    ];
    let mut map: Map<String, Value> = nothing
        .iter()
        .map(|key| ((*key).to_owned(), Value::Null))
        .collect();
    map.extend(zero.iter().map(|key| ((*key).to_owned(), Value::from(0))));
    let rest = json!({
        "afk_timeout": 300,
        "emojis": emojis(guild),
        "features": ["AUTO_MODERATION"],
        "id": guild.id,
        "max_members": 25_000_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "name": guild.name,
        "nsfw": false,
        "owner_id": guild.owner,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": false,
        "stickers": [],
        "system_channel_id": guild.text_channels().next().map(|channel| channel.id),
    });
    if let Value::Object(rest) = rest {
        map.extend(rest);
    }
    map
}

/// `GET /guilds/{guild_id}`.
pub(in crate::simulator) fn rest(guild: &Guild) -> Value {
    let mut map = common(guild);
    for key in ["embed_channel_id", "max_presences", "widget_channel_id"] {
        map.insert(key.to_owned(), Value::Null);
    }
    for key in ["embed_enabled", "widget_enabled"] {
        map.insert(key.to_owned(), false.into());
    }
    map.insert("region".to_owned(), "us-central".into());
    map.insert("roles".to_owned(), guild.roles.values().map(role).collect());
    Value::Object(map)
}

/// `GUILD_CREATE` for a session without presences: of the members only the bot.
pub(in crate::simulator) fn create(world: &World, guild: &Guild) -> Value {
    let mut map = common(guild);
    for key in [
        "activity_instances",
        "embedded_activities",
        "guild_scheduled_events",
        "presences",
        "soundboard_sounds",
        "stage_instances",
        "voice_states",
    ] {
        map.insert(key.to_owned(), json!([]));
    }
    for key in ["moderator_reporting", "premium_features", "profile"] {
        map.insert(key.to_owned(), Value::Null);
    }
    let me = guild.members.get(&world.bot);
    let channels = |threads: bool| -> Value {
        let chosen = guild
            .channels
            .values()
            .filter(|one| one.thread.is_some() == threads);
        chosen.map(channel::in_guild_create).collect()
    };
    let rest = json!({
        "application_command_counts": {},
        "channels": channels(false),
        "joined_at": iso(me.map_or(0, |me| me.joined_ms)),
        "large": guild.members.len() > 250,
        "lazy": true,
        "member_count": guild.members.len(),
        "members": me.and_then(|me| Some(member::with_user(world.users.get(&world.bot)?, me))).into_iter().collect::<Vec<_>>(),
        "region": "deprecated",
        "roles": guild.roles.values().map(role_in_guild_create).collect::<Vec<_>>(),
        "threads": channels(true),
        "unavailable": false,
        "version": 0,
    });
    if let Value::Object(rest) = rest {
        map.extend(rest);
    }
    // Threads carry their guild's id here too; it is known only now.
    if let Some(Value::Array(threads)) = map.get_mut("threads") {
        for thread in threads {
            thread["guild_id"] = json!(guild.id);
        }
    }
    Value::Object(map)
}
