//! Close codes after which no session of this bot will ever begin: to retry would only spend identifies.

/// What an operator has to do about a close code; `None` for one that is followed by another try.
/// Source: Discord, "Gateway Close Event Codes".
pub(super) const fn remedy(code: u16) -> Option<&'static str> {
    match code {
        4004 => Some("the bot's token (MODBOT_DISCORD_TOKEN) is not valid"),
        4010 => Some("Discord refuses this shard number: check MODBOT_NUM_SHARDS"),
        4011 => Some("the bot is in too many guilds for so few sessions: raise MODBOT_NUM_SHARDS"),
        4012 => Some("Discord no longer serves this gateway version: update modbot"),
        4013 => Some("Discord does not know one of the intents: update modbot"),
        4014 => Some(
            "the bot was not granted an intent: enable Server Members and Message Content in the developer portal",
        ),
        _ => None,
    }
}
