//! What a message says: its own text, that of its embeds, and that of what it forwards.

use sha2::{Digest as _, Sha256};

use crate::domain::discord_event::{Attachment, Embed, Message};

/// The text that is looked at.
pub(super) fn text(message: &Message<'_>) -> String {
    let mut text = String::from(&*message.content);
    message
        .embeds
        .iter()
        .for_each(|embed| add_embed(&mut text, embed));
    for snapshot in &message.message_snapshots {
        add(&mut text, &snapshot.message.content);
        snapshot
            .message
            .embeds
            .iter()
            .for_each(|embed| add_embed(&mut text, embed));
    }
    text
}

fn add(text: &mut String, more: &str) {
    if !more.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(more);
    }
}

fn add_embed(text: &mut String, embed: &Embed<'_>) {
    for part in [&embed.url, &embed.title, &embed.description]
        .into_iter()
        .flatten()
    {
        add(text, part);
    }
    if let Some(footer) = &embed.footer {
        add(text, &footer.text);
    }
    for field in &embed.fields {
        add(text, &field.name);
        add(text, &field.value);
    }
}

/// What two messages share that say the same; none for one that says nothing.
pub(super) fn content_hash(message: &Message<'_>) -> Option<i64> {
    let mut key = text(message).trim().to_lowercase();
    let forwarded = message
        .message_snapshots
        .iter()
        .flat_map(|snapshot| &snapshot.message.attachments);
    let mut files: Vec<String> = message.attachments.iter().chain(forwarded).map(file).collect();
    files.sort_unstable();
    for file in files {
        key.push('\0');
        key.push_str(&file);
    }
    if key.is_empty() {
        return None;
    }
    let hash = Sha256::digest(key);
    let first = hash
        .iter()
        .take(8)
        .fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some(first.cast_signed())
}

/// The same file sent again has another id, but its name and size.
fn file(attachment: &Attachment) -> String {
    match &attachment.filename {
        Some(name) => format!("{name}/{}", attachment.size),
        None => attachment.id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::message;
    use super::*;

    #[test]
    fn embeds_and_forwards_are_part_of_what_is_said() {
        let embed = r#"{"url":"https://x","title":"T","description":"D","footer":{"text":"F"},"fields":[{"name":"N","value":"V"}]}"#;
        let said = message(&format!(
            r#""content":"hi","embeds":[{embed}],"message_snapshots":[{{"message":{{"content":"fwd","embeds":[{embed}]}}}}]"#
        ));
        said(&|message| {
            assert_eq!(
                text(message),
                "hi\nhttps://x\nT\nD\nF\nN\nV\nfwd\nhttps://x\nT\nD\nF\nN\nV"
            );
        });
    }

    #[test]
    fn the_same_said_again_is_the_same_and_nothing_is_never_the_same() {
        let hash = |fields: &str| {
            let found = std::cell::Cell::new(None);
            message(fields)(&|message| found.set(content_hash(message)));
            found.get()
        };
        assert_eq!(hash(r#""content":"Hi ""#), hash(r#""content":" hI""#));
        assert_ne!(hash(r#""content":"Hi""#), hash(r#""content":"Ho""#));
        assert_eq!(
            hash(r#""content":"  ""#),
            None,
            "nothing is not a copy of nothing"
        );
        let file = |id: u8, name| {
            format!(r#""content":"","attachments":[{{"id":"{id}","filename":"{name}","size":9}}]"#)
        };
        assert_eq!(hash(&file(1, "a.png")), hash(&file(2, "a.png")));
        assert_ne!(hash(&file(1, "a.png")), hash(&file(1, "b.png")));
    }
}
