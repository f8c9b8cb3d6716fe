//! A session's socket: resumed where the file says, or identified with a ticket.

use twilight_gateway::{ConfigBuilder, Intents, Session, Shard, ShardId};

use super::HostSettings;
use super::queue::Tickets;
use crate::domain::ids::DiscordShardId;
use crate::gateway_service::session_rows::SessionRow;

/// What the bot asks to be told. Changing it takes a new session.
const INTENTS: Intents = Intents::GUILDS
    .union(Intents::GUILD_MEMBERS)
    .union(Intents::GUILD_MODERATION)
    .union(Intents::GUILD_MESSAGES)
    .union(Intents::GUILD_MESSAGE_REACTIONS)
    .union(Intents::MESSAGE_CONTENT)
    .union(Intents::AUTO_MODERATION_CONFIGURATION)
    .union(Intents::AUTO_MODERATION_EXECUTION);

/// The socket of a Discord shard, not connected yet. It RESUMEs `row` at its cursor, where there is one.
pub(super) fn socket(
    shard: DiscordShardId,
    row: Option<&SessionRow>,
    settings: &HostSettings,
    tickets: Tickets,
) -> Shard<Tickets> {
    let mut config = ConfigBuilder::new(settings.token.expose().to_owned(), INTENTS)
        .proxy_url(settings.gateway_url.clone())
        // The bot sends nothing but heartbeats and what begins a session.
        .ratelimit_messages(false)
        .queue(tickets);
    if let Some((seq, id)) = row.and_then(|row| Some((row.cursor.seq, row.session_id.clone()?))) {
        config = config.session(Session::new(seq, id));
        if let Some(url) = row.and_then(|row| resume_url(row.resume_url.as_deref()?)) {
            config = config.resume_url(url);
        }
    }
    Shard::with_config(
        ShardId::new(shard.get(), settings.num_shards.get()),
        config.build(),
    )
}

/// The address to resume at without what the client adds itself; none for what is no address of a gateway.
fn resume_url(saved: &str) -> Option<String> {
    let mut url: reqwest::Url = saved.parse().ok()?;
    if !matches!(url.scheme(), "ws" | "wss") || !url.has_host() {
        return None;
    }
    url.set_query(None);
    url.set_fragment(None);
    Some(url.as_str().trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::resume_url;

    #[test]
    fn a_saved_address_is_cleaned_and_nonsense_is_not_used() {
        for (saved, used) in [
            ("wss://gateway-x.discord.gg", Some("wss://gateway-x.discord.gg")),
            (
                "wss://gateway.discord.gg/?v=10&encoding=json",
                Some("wss://gateway.discord.gg"),
            ),
            ("ws://127.0.0.1:81/", Some("ws://127.0.0.1:81")),
            ("https://x", None),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(resume_url(saved).as_deref(), used, "{saved}");
        }
    }
}
