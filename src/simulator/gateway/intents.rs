//! Which intents let a session hear which events.
//! Source: Discord developer documentation, "Gateway", "List of Intents".

/// Guilds, channels, roles, threads.
pub(in crate::simulator) const GUILDS: u64 = 1;
/// Members (privileged).
pub(in crate::simulator) const GUILD_MEMBERS: u64 = 1 << 1;
/// Bans and audit-log entries.
pub(in crate::simulator) const GUILD_MODERATION: u64 = 1 << 2;
const GUILD_VOICE_STATES: u64 = 1 << 7;
const GUILD_PRESENCES: u64 = 1 << 8;
/// Messages in guilds.
pub(in crate::simulator) const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
const DIRECT_MESSAGES: u64 = 1 << 12;
const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
/// What messages say (privileged).
pub(in crate::simulator) const MESSAGE_CONTENT: u64 = 1 << 15;

/// The intents that must be granted to the bot before it may ask for them.
pub(in crate::simulator) const PRIVILEGED: u64 = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT;

/// Bits 0 to 16, 20, 21, 24 and 25 are defined.
const DEFINED: u64 = 0x1_ffff | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25;

/// Whether `intents` has bits that mean nothing.
pub(in crate::simulator) const fn has_undefined(intents: u64) -> bool {
    intents & !DEFINED != 0
}

/// The intents of which one is enough to hear of `event`; 0 where none is needed.
pub(in crate::simulator) fn needed(event: &str, in_guild: bool) -> u64 {
    match event {
        "MESSAGE_CREATE" | "MESSAGE_UPDATE" | "MESSAGE_DELETE" | "MESSAGE_DELETE_BULK" => {
            if in_guild {
                GUILD_MESSAGES
            } else {
                DIRECT_MESSAGES
            }
        }
        name if name.starts_with("MESSAGE_REACTION_") => {
            if in_guild {
                GUILD_MESSAGE_REACTIONS
            } else {
                DIRECT_MESSAGE_REACTIONS
            }
        }
        "GUILD_AUDIT_LOG_ENTRY_CREATE" | "GUILD_BAN_ADD" | "GUILD_BAN_REMOVE" => GUILD_MODERATION,
        "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE" | "GUILD_MEMBER_REMOVE" | "THREAD_MEMBERS_UPDATE" => {
            GUILD_MEMBERS
        }
        name if name.starts_with("VOICE_") => GUILD_VOICE_STATES,
        name if ["GUILD_", "CHANNEL_", "THREAD_"]
            .iter()
            .any(|start| name.starts_with(start)) =>
        {
            GUILDS
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_asks_for_its_intent() {
        for (event, in_guild, bits) in [
            ("MESSAGE_CREATE", true, 1 << 9),
            ("MESSAGE_CREATE", false, 1 << 12),
            ("MESSAGE_REACTION_ADD", true, 1 << 10),
            ("GUILD_AUDIT_LOG_ENTRY_CREATE", true, 1 << 2),
            ("GUILD_MEMBER_ADD", true, 1 << 1),
            ("GUILD_CREATE", true, 1),
            ("THREAD_CREATE", true, 1),
            ("INTERACTION_CREATE", true, 0),
            ("RESUMED", false, 0),
        ] {
            assert_eq!(needed(event, in_guild), bits, "{event}");
        }
    }

    #[test]
    fn undefined_bits_are_seen() {
        assert!(!has_undefined(GUILDS | MESSAGE_CONTENT | 1 << 25));
        assert!(has_undefined(1 << 17));
        assert!(has_undefined(1 << 40));
    }
}
