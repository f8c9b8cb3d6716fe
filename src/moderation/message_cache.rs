//! Texts of recent messages, kept so that the deletion log can show what an edit or a deletion took away. Only in guilds
//! that have a deletion log: elsewhere no text is kept at all.

use super::{CachedText, Change, Known};
use crate::domain::discord_event::Event;

/// How long a text is kept after it was last touched, in milliseconds.
pub const TEXT_KEPT_MS: i64 = 60 * 60 * 1000;
/// How long it is remembered whose message it was, in milliseconds.
pub const ROW_KEPT_MS: i64 = 24 * 60 * 60 * 1000;

pub(super) fn decide<'a>(event: &'a Event<'_>, known: &Known, at_ms: i64, changes: &mut Vec<Change<'a>>) {
    if known.settings.deletion_log.is_none() {
        return;
    }
    match event {
        Event::MessageCreate(message) if !message.author.bot && message.webhook_id.is_none() => {
            changes.push(Change::TextCached(CachedText {
                message: message.id,
                channel: message.channel_id,
                author: message.author.id,
                content: &message.content,
                at_ms,
            }));
        }
        Event::MessageEdit(edit) => {
            changes.extend(edit.content.as_deref().map(|content| Change::TextEdited {
                message: edit.id,
                content,
                at_ms,
            }));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::discord_event::ChannelId;
    use crate::moderation::GuildSettings;

    fn decided(deletion_log: bool, name: &str, data: &str) -> usize {
        let settings = GuildSettings {
            deletion_log: deletion_log.then(|| ChannelId::from_i64(1).unwrap()),
            ..GuildSettings::default()
        };
        let known = Known {
            settings,
            ..Known::default()
        };
        let event = Event::parse(name, data).unwrap().unwrap();
        let mut changes = Vec::new();
        decide(&event, &known, 9, &mut changes);
        changes.len()
    }

    #[test]
    fn texts_of_people_are_kept_where_there_is_a_deletion_log() {
        let person = r#"{"id":"7","channel_id":"8","author":{"id":"9"},"content":"hi"}"#;
        let bot = r#"{"id":"7","channel_id":"8","author":{"id":"9","bot":true},"content":"hi"}"#;
        let webhook = r#"{"id":"7","channel_id":"8","author":{"id":"9"},"content":"hi","webhook_id":"9"}"#;
        for (log, data, kept) in [
            (true, person, 1),
            (false, person, 0),
            (true, bot, 0),
            (true, webhook, 0),
        ] {
            assert_eq!(decided(log, "MESSAGE_CREATE", data), kept, "{log} {data}");
        }
        assert_eq!(
            decided(
                true,
                "MESSAGE_UPDATE",
                r#"{"id":"7","channel_id":"8","content":"ho"}"#
            ),
            1
        );
        assert_eq!(
            decided(
                true,
                "MESSAGE_UPDATE",
                r#"{"id":"7","channel_id":"8","embeds":[]}"#
            ),
            0
        );
    }
}
