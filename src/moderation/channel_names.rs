//! The names of channels, which statistics show: kept as Discord tells them, never asked for.

use super::{Change, ChannelName};
use crate::domain::discord_event::{Channel, Event};

pub(super) fn decide<'a>(event: &'a Event<'_>, changes: &mut Vec<Change<'a>>) {
    match event {
        Event::GuildCreate(guild) => {
            // Categories first, then what is in them: each finds its parent's name in the rows.
            let depth = |channel: &&Channel<'_>| channel.parent_id.is_some();
            let (inside, top): (Vec<_>, Vec<_>) = guild.channels.iter().partition(depth);
            let all = top.into_iter().chain(inside).chain(&guild.threads);
            changes.extend(all.map(named));
        }
        Event::Channel(channel) => changes.push(named(channel)),
        Event::ChannelGone(channel) => changes.push(Change::ChannelGone(channel.id)),
        _ => {}
    }
}

fn named<'a>(channel: &'a Channel<'_>) -> Change<'a> {
    Change::ChannelNamed(ChannelName {
        channel: channel.id,
        name: channel.name.as_deref(),
        parent: channel.parent_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::{Known, decide as all};

    #[test]
    fn parents_come_before_what_is_in_them() {
        let data = r#"{"id":"5","channels":[{"id":"7","type":0,"name":"talk","parent_id":"6"},{"id":"6","type":4,"name":"Cat"}],
                       "threads":[{"id":"8","type":11,"name":"thread","parent_id":"7"}]}"#;
        let event = Event::parse("GUILD_CREATE", data).unwrap().unwrap();
        let names: Vec<_> = all(&event, &Known::default(), 0)
            .into_iter()
            .filter_map(|change| match change {
                Change::ChannelNamed(channel) => channel.name,
                _ => None,
            })
            .collect();
        assert_eq!(names, ["Cat", "talk", "thread"]);
    }
}
