//! Activity statistics: one row per message that a person wrote, without its text.

mod counting;

use super::{Change, Known, MessageStats};
use crate::domain::discord_event::{Event, Message};
use counting::count;

/// Text, voice, announcement, announcement thread, public thread, private thread, forum. Source: Discord, "Channel Types".
const COUNTED_CHANNELS: &[u8] = &[0, 2, 5, 10, 11, 12, 15];

pub(super) fn decide<'a>(event: &'a Event<'_>, known: &Known, changes: &mut Vec<Change<'a>>) {
    if !known.settings.activity {
        return;
    }
    match event {
        Event::MessageCreate(message) if is_counted(message) => {
            changes.push(Change::StatsAdded(MessageStats {
                message: message.id,
                author: message.author.id,
                channel: message.channel_id,
                category: known.category.clone(),
                recipient: message
                    .referenced_message
                    .as_ref()
                    .map(|answered| answered.author.id),
                counts: count(&message.content),
                sent_at_ms: message.id.created_at_ms(),
            }));
        }
        Event::MessageEdit(edit) => {
            changes.extend(
                edit.content
                    .as_deref()
                    .map(|text| Change::StatsRecounted(edit.id, count(text))),
            );
        }
        Event::MessageDelete(message) => changes.push(Change::StatsRemoved(vec![message.id])),
        Event::BulkDelete(bulk) => changes.push(Change::StatsRemoved(bulk.ids.clone())),
        Event::ReactionAdd(reaction) => changes.push(Change::Reacted(reaction.message_id, 1)),
        Event::ReactionRemove(reaction) => changes.push(Change::Reacted(reaction.message_id, -1)),
        Event::ReactionsGone(message) => changes.push(Change::ReactionsCleared(message.message_id)),
        _ => {}
    }
}

/// Written by a person, with a text, where people talk. A message whose channel type is not told counts.
fn is_counted(message: &Message<'_>) -> bool {
    !message.author.bot
        && message.webhook_id.is_none()
        && !message.content.is_empty()
        && message
            .channel_type
            .is_none_or(|kind| COUNTED_CHANNELS.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::{GuildSettings, decide as all};

    fn decided(known: &Known, name: &str, data: &str) -> String {
        let event = Event::parse(name, data).unwrap().unwrap();
        format!("{:?}", all(&event, known, 0))
    }

    #[test]
    fn messages_of_people_in_talking_channels_count() {
        let known = Known::default();
        let message = |rest: &str| {
            format!(r#"{{"id":"7","channel_id":"8","author":{{"id":"9"}},"content":"two words"{rest}}}"#)
        };
        for (data, counted) in [
            (message(""), true),
            (message(r#","channel_type":0"#), true),
            (message(r#","channel_type":13"#), false),
            (message(r#","webhook_id":"9""#), false),
            (
                message("").replace(r#"{"id":"9"}"#, r#"{"id":"9","bot":true}"#),
                false,
            ),
            (message("").replace("two words", ""), false),
        ] {
            let changes = decided(&known, "MESSAGE_CREATE", &data);
            assert_eq!(changes.contains("StatsAdded"), counted, "{data}");
        }
        let answer = decided(
            &known,
            "MESSAGE_CREATE",
            &message(r#","referenced_message":{"author":{"id":"3"}}"#),
        );
        assert!(answer.contains("recipient: Some(UserId(3))"), "{answer}");
        let off = Known {
            settings: GuildSettings {
                activity: false,
                ..GuildSettings::default()
            },
            ..Known::default()
        };
        assert_eq!(decided(&off, "MESSAGE_CREATE", &message("")), "[]");
    }

    #[test]
    fn edits_deletions_and_reactions_follow() {
        let known = Known::default();
        for (name, data, changes) in [
            ("MESSAGE_UPDATE", r#"{"id":"7","channel_id":"8"}"#, "[]"),
            (
                "MESSAGE_DELETE",
                r#"{"id":"7","channel_id":"8"}"#,
                "[StatsRemoved([MessageId(7)]), ReportedGone([MessageId(7)], 0)]",
            ),
            (
                "MESSAGE_DELETE_BULK",
                r#"{"ids":["7","6"],"channel_id":"8"}"#,
                "[StatsRemoved([MessageId(7), MessageId(6)]), ReportedGone([MessageId(7), MessageId(6)], 0)]",
            ),
            (
                "MESSAGE_REACTION_ADD",
                r#"{"message_id":"7","user_id":"8"}"#,
                "[Reacted(MessageId(7), 1)]",
            ),
            (
                "MESSAGE_REACTION_REMOVE",
                r#"{"message_id":"7","user_id":"8"}"#,
                "[Reacted(MessageId(7), -1)]",
            ),
            (
                "MESSAGE_REACTION_REMOVE_ALL",
                r#"{"message_id":"7"}"#,
                "[ReactionsCleared(MessageId(7))]",
            ),
        ] {
            assert_eq!(decided(&known, name, data), changes, "{name}");
        }
        let edit = decided(
            &known,
            "MESSAGE_UPDATE",
            r#"{"id":"7","channel_id":"8","content":"ab"}"#,
        );
        assert!(edit.contains("chars: 2, words: 1"), "{edit}");
    }
}
