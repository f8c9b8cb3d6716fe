//! HELLO and READY.

use serde_json::{Value, json};

use crate::simulator::gateway::sharding::Shard;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::User;

/// The `d` of HELLO.
pub(in crate::simulator) fn hello(heartbeat_interval_ms: u64) -> Value {
    json!({ "_trace": trace(), "heartbeat_interval": heartbeat_interval_ms })
}

/// The `d` of READY: the session's guilds, each unavailable until its `GUILD_CREATE`.
pub(in crate::simulator) fn ready(
    bot: &User,
    session_id: &str,
    resume_url: &str,
    shard: Shard,
    guilds: &[Snowflake],
) -> Value {
    json!({
        "_trace": trace(),
        "application": { "flags": 11_051_008, "id": bot.id },
        "auth": {},
        "game_relationships": [],
        "geo_ordered_rtc_regions": ["frankfurt"],
        "guild_join_requests": [],
        "guilds": guilds.iter().map(|id| json!({ "id": id, "unavailable": true })).collect::<Vec<_>>(),
        "presences": [],
        "private_channels": [],
        "relationships": [],
        "resume_gateway_url": resume_url,
        "session_id": session_id,
        "session_type": "normal",
        "shard": [shard.id, shard.of],
        "user": {
            "avatar": null,
            "bot": true,
            "clan": null,
            "discriminator": "7281",
            "email": null,
            "flags": 0,
            "global_name": null,
            "id": bot.id,
            "mfa_enabled": true,
            "primary_guild": null,
            "username": bot.username,
            "verified": true,
        },
        "user_settings": {},
        "v": 10,
    })
}

/// Where the message came from, as Discord tells its own engineers.
pub(in crate::simulator) fn trace() -> Value {
    json!(["[\"modbot-simulator\",{\"micros\":0}]"])
}
