//! Whether the bot is in the guild. A guild that it leaves keeps its rows: most come back.

use super::Change;
use crate::domain::discord_event::Event;

pub(super) fn decide<'a>(event: &'a Event<'_>, at_ms: i64, changes: &mut Vec<Change<'a>>) {
    match event {
        Event::GuildCreate(guild) if !guild.unavailable => changes.push(Change::Here),
        // Unavailable is an outage at Discord.
        Event::GuildDelete(guild) if !guild.unavailable => changes.push(Change::Left(at_ms)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::{Known, decide as all};

    #[test]
    fn an_outage_is_not_leaving() {
        for (name, data, expected) in [
            ("GUILD_CREATE", r#"{"id":"5"}"#, vec![Change::Here]),
            ("GUILD_CREATE", r#"{"id":"5","unavailable":true}"#, vec![]),
            ("GUILD_DELETE", r#"{"id":"5"}"#, vec![Change::Left(9)]),
            ("GUILD_DELETE", r#"{"id":"5","unavailable":true}"#, vec![]),
        ] {
            let event = Event::parse(name, data).unwrap().unwrap();
            assert_eq!(all(&event, &Known::default(), 9), expected, "{name} {data}");
        }
    }
}
