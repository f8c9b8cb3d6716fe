//! Users and members.

use serde_json::{Value, json};

use crate::simulator::clock::iso;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::guild::{Guild, Member};
use crate::simulator::world::{User, World};

/// A user as gateway events carry it.
pub(in crate::simulator) fn user(user: &User) -> Value {
    let mut value = json!({
        "avatar": null,
        "avatar_decoration_data": null,
        "clan": null,
        "collectibles": null,
        "discriminator": if user.bot { "7281" } else { "0" },
        "display_name_styles": null,
        "global_name": user.global_name,
        "id": user.id,
        "primary_guild": null,
        "public_flags": 0,
        "username": user.username,
    });
    if user.bot {
        value["bot"] = true.into();
    }
    value
}

/// A user as REST answers carry it: with the profile.
pub(in crate::simulator) fn rest_user(of: &User) -> Value {
    let mut value = user(of);
    for key in ["accent_color", "banner", "banner_color"] {
        value[key] = Value::Null;
    }
    value["flags"] = 0.into();
    value
}

/// The bot's own user, for `GET /users/@me`.
pub(in crate::simulator) fn me(bot: &User) -> Value {
    let mut value = rest_user(bot);
    value["bio"] = "".into();
    value["email"] = Value::Null;
    value["locale"] = "en-US".into();
    value["mfa_enabled"] = true.into();
    value["premium_type"] = 0.into();
    value["verified"] = true.into();
    value
}

/// A member without its user, as a message carries it.
pub(in crate::simulator) fn bare(member: &Member) -> Value {
    json!({
        "avatar": null,
        "banner": null,
        "communication_disabled_until": member.timeout_until_ms.map(iso),
        "deaf": false,
        "flags": 0,
        "joined_at": iso(member.joined_ms),
        "mute": false,
        "nick": member.nick,
        "pending": false,
        "premium_since": null,
        "roles": member.roles,
    })
}

/// A member with its user, as reactions and `GUILD_CREATE` carry it.
pub(in crate::simulator) fn with_user(of: &User, member: &Member) -> Value {
    let mut value = bare(member);
    value["user"] = user(of);
    value
}

/// A member as REST answers, interactions and `GUILD_MEMBER_ADD` carry it.
pub(in crate::simulator) fn full(of: &User, member: &Member) -> Value {
    let mut value = bare(member);
    value["collectibles"] = Value::Null;
    value["display_name_styles"] = Value::Null;
    value["unusual_dm_activity_until"] = Value::Null;
    value["user"] = rest_user(of);
    value
}

/// `GUILD_MEMBER_UPDATE`.
pub(in crate::simulator) fn update(guild: Snowflake, of: &User, member: &Member) -> Value {
    let mut value = full(of, member);
    value["guild_id"] = json!(guild);
    value["user"] = user(of);
    if let Some(map) = value.as_object_mut() {
        map.remove("mute");
        map.remove("deaf");
    }
    value
}

impl World {
    /// A guild member as REST answers carry it.
    pub(in crate::simulator) fn member_json(&self, guild: &Guild, user: Snowflake) -> Option<Value> {
        Some(full(self.users.get(&user)?, guild.members.get(&user)?))
    }
}
