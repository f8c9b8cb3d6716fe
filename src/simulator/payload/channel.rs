//! Channels and threads.

use serde_json::{Value, json};

use crate::simulator::clock::iso;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::World;
use crate::simulator::world::channel::{CATEGORY, Channel, PRIVATE_THREAD, Thread, VOICE};

/// A channel or thread as REST answers and channel events carry it.
pub(in crate::simulator) fn json(world: &World, channel: &Channel) -> Value {
    let guild = world.home.get(&channel.id).copied().unwrap_or_default();
    match &channel.thread {
        Some(thread) => thread_json(channel, thread, guild),
        None => channel_json(channel, guild),
    }
}

/// A channel as `GUILD_CREATE` carries it: without its guild's id, with a version.
pub(in crate::simulator) fn in_guild_create(channel: &Channel) -> Value {
    let mut value = match &channel.thread {
        Some(thread) => return thread_json(channel, thread, Snowflake::default()),
        None => channel_json(channel, Snowflake::default()),
    };
    if let Some(map) = value.as_object_mut() {
        for key in ["guild_id", "icon_emoji", "theme_color", "nsfw"] {
            map.remove(key);
        }
    }
    value["version"] = 0.into();
    value
}

fn channel_json(channel: &Channel, guild: Snowflake) -> Value {
    let mut value = json!({
        "flags": 0,
        "guild_id": guild,
        "id": channel.id,
        "name": channel.name,
        "parent_id": channel.parent,
        "permission_overwrites": channel.overwrites,
        "position": channel.position,
        "type": channel.kind,
    });
    if channel.kind == CATEGORY {
        return value;
    }
    value["last_message_id"] = json!(channel.last_message);
    value["nsfw"] = false.into();
    value["rate_limit_per_user"] = channel.rate_limit_per_user.into();
    value["icon_emoji"] = Value::Null;
    value["theme_color"] = Value::Null;
    if channel.kind == VOICE {
        value["bitrate"] = 64_000.into();
        value["rtc_region"] = Value::Null;
        value["user_limit"] = 0.into();
    } else {
        value["last_pin_timestamp"] = Value::Null;
        value["topic"] = json!(channel.topic);
    }
    value
}

fn thread_json(channel: &Channel, thread: &Thread, guild: Snowflake) -> Value {
    let mut value = json!({
        "flags": 0,
        "guild_id": guild,
        "id": channel.id,
        "last_message_id": channel.last_message,
        "member_count": thread.members.len(),
        "message_count": thread.messages,
        "name": channel.name,
        "owner_id": thread.owner,
        "parent_id": channel.parent,
        "rate_limit_per_user": channel.rate_limit_per_user,
        "thread_metadata": {
            "archive_timestamp": iso(thread.created_ms),
            "archived": thread.archived,
            "auto_archive_duration": thread.auto_archive_minutes,
            "create_timestamp": iso(thread.created_ms),
            "locked": thread.locked,
        },
        "total_message_sent": thread.messages,
        "type": channel.kind,
    });
    if channel.kind == PRIVATE_THREAD {
        value["thread_metadata"]["invitable"] = true.into();
    }
    value
}

/// A direct-message channel with one user.
pub(in crate::simulator) fn dm(world: &World, id: Snowflake, user: Snowflake) -> Value {
    json!({
        "flags": 0,
        "id": id,
        "last_message_id": world.messages.of(id).next_back().map(|message| message.id),
        "recipients": world.users.get(&user).map(super::member::rest_user).into_iter().collect::<Vec<_>>(),
        "type": 1,
    })
}
