//! Messages and reactions.

use serde_json::{Value, json};

use super::{channel, member};
use crate::simulator::clock::iso;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::World;
use crate::simulator::world::message::{Message, Reference};

/// A user id mentioned as `<@123>` or `<@!123>`.
fn mentioned(content: &str, open: &str) -> Vec<Snowflake> {
    let mut found = Vec::new();
    for part in content.split(open).skip(1) {
        let digits = part.trim_start_matches('!');
        let Some(id) = digits.split_once('>').and_then(|(id, _)| id.parse().ok()) else {
            continue;
        };
        if !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

fn reference(world: &World, to: Reference) -> Value {
    let mut value = json!({
        "channel_id": to.channel,
        "message_id": to.message,
        "type": u8::from(to.forward),
    });
    if let Some(guild) = world.home.get(&to.channel) {
        value["guild_id"] = json!(guild);
    }
    value
}

/// Adds what only `MESSAGE_CREATE` and the answer to the request that sent the message carry.
pub(in crate::simulator) fn add_nonce(message: &Message, value: &mut Value) {
    if let Some(nonce) = &message.nonce {
        value["nonce"] = nonce.clone();
    }
}

/// A message as REST answers carry it.
pub(in crate::simulator) fn rest(world: &World, message: &Message) -> Value {
    let mut value = rest_plain(world, message);
    if let Some(to) = message.body.reference {
        add_reference(world, to, &mut value, rest_plain);
    }
    value
}

fn rest_plain(world: &World, message: &Message) -> Value {
    let mut value = plain(world, message);
    if let Some(author) = world.users.get(&message.author) {
        value["author"] = member::rest_user(author);
    }
    value
}

/// `MESSAGE_CREATE` and `MESSAGE_UPDATE`.
pub(in crate::simulator) fn event(world: &World, message: &Message) -> Value {
    let mut value = plain(world, message);
    if let Some(to) = message.body.reference {
        add_reference(world, to, &mut value, plain);
    }
    let Some(guild) = world.guild_of(message.channel) else {
        value["channel_type"] = 1.into();
        return value;
    };
    value["guild_id"] = json!(guild.id);
    value["channel_type"] = guild
        .channels
        .get(&message.channel)
        .map_or(0, |channel| channel.kind)
        .into();
    if let Some(author) = guild.members.get(&message.author) {
        value["member"] = member::bare(author);
    }
    value
}

/// `MESSAGE_CREATE` as a session without the message-content intent gets it.
pub(in crate::simulator) fn without_content(value: &mut Value) {
    value["content"] = "".into();
    for key in ["attachments", "components", "embeds"] {
        value[key] = json!([]);
    }
}

fn plain(world: &World, message: &Message) -> Value {
    let body = &message.body;
    let mentions: Vec<Value> = mentioned(&body.content, "<@")
        .iter()
        .filter_map(|id| world.users.get(id))
        .map(member::user)
        .collect();
    let mut value = json!({
        "attachments": body.attachments,
        "author": world.users.get(&message.author).map(member::user),
        "channel_id": message.channel,
        "components": body.components,
        "content": body.content,
        "edited_timestamp": message.edited_ms.map(iso),
        "embeds": body.embeds,
        "flags": body.flags,
        "id": message.id,
        "mention_everyone": body.content.contains("@everyone") || body.content.contains("@here"),
        "mention_roles": mentioned(&body.content, "<@&"),
        "mentions": mentions,
        "pinned": message.pinned,
        "timestamp": iso(message.sent_ms),
        "tts": false,
        "type": message.kind,
    });
    if !body.stickers.is_empty() {
        value["sticker_items"] = json!(body.stickers);
    }
    if let Some(thread) = message.thread.and_then(|thread| world.channel(thread)) {
        value["thread"] = channel::json(world, thread);
    }
    if !message.reactions.is_empty() {
        value["reactions"] = reactions(world, message);
    }
    value
}

/// What a forward shows of a message.
const SNAPSHOT: &[&str] = &[
    "attachments",
    "components",
    "content",
    "edited_timestamp",
    "embeds",
    "flags",
    "mention_roles",
    "mentions",
    "sticker_items",
    "timestamp",
    "type",
];

/// Adds what a reply or forward points at; `show` is how a message is shown there.
fn add_reference(world: &World, to: Reference, value: &mut Value, show: fn(&World, &Message) -> Value) {
    value["message_reference"] = reference(world, to);
    let referred = world.messages.get(to.channel, to.message);
    if !to.forward {
        value["referenced_message"] = referred.map_or(Value::Null, |referred| show(world, referred));
    } else if let Some(referred) = referred {
        let mut snapshot = show(world, referred);
        if let Some(map) = snapshot.as_object_mut() {
            map.retain(|key, _| SNAPSHOT.contains(&key.as_str()));
        }
        value["message_snapshots"] = json!([{ "message": snapshot }]);
    }
}

fn reactions(world: &World, message: &Message) -> Value {
    let one = |(name, users): (&String, &Vec<Snowflake>)| {
        json!({
            "burst_colors": [],
            "burst_count": 0,
            "burst_me": false,
            "count": users.len(),
            "count_details": { "burst": 0, "normal": users.len() },
            "emoji": emoji(name),
            "me": users.contains(&world.bot),
            "me_burst": false,
        })
    };
    message.reactions.iter().map(one).collect()
}

/// `name:id` of a custom emoji or the character itself, as an object.
pub(in crate::simulator) fn emoji(name: &str) -> Value {
    match name.split_once(':') {
        Some((name, id)) => json!({ "id": id, "name": name }),
        None => json!({ "id": null, "name": name }),
    }
}

/// `MESSAGE_REACTION_ADD`; without `member` and `message_author_id` it is `MESSAGE_REACTION_REMOVE`.
pub(in crate::simulator) fn reaction(world: &World, message: &Message, user: Snowflake, name: &str) -> Value {
    let mut value = json!({
        "burst": false,
        "channel_id": message.channel,
        "emoji": emoji(name),
        "message_id": message.id,
        "type": 0,
        "user_id": user,
    });
    if let Some(guild) = world.home.get(&message.channel) {
        value["guild_id"] = json!(guild);
    }
    value
}

/// What only `MESSAGE_REACTION_ADD` has.
pub(in crate::simulator) fn reaction_added(
    world: &World,
    message: &Message,
    user: Snowflake,
    value: &mut Value,
) {
    value["message_author_id"] = json!(message.author);
    let member = world
        .guild_of(message.channel)
        .and_then(|guild| guild.members.get(&user));
    if let (Some(member), Some(user)) = (member, world.users.get(&user)) {
        value["member"] = member::with_user(user, member);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mentions_are_read_from_the_text_once_each() {
        let text = "<@1> hi <@!2>, <@1> and <@&3> but not <@x> nor <@4";
        assert_eq!(mentioned(text, "<@"), [Snowflake(1), Snowflake(2)]);
        assert_eq!(mentioned(text, "<@&"), [Snowflake(3)]);
    }
}
