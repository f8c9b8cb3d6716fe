//! Ordinary rows of a sample, one function a table; values in the order of the declared columns.

use super::random::Random;
use super::text::{self, id, maybe, spell};
use super::world::{Guild, NOW_MS, snowflake};
use crate::domain::legacy::OwnedValue::{self, Null};
use crate::domain::legacy::instant;

pub(super) type Row = Vec<OwnedValue>;

/// A moment with the guild that something happens in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening<'w> {
    pub(super) guild: &'w Guild,
    /// When, in Unix milliseconds.
    pub(super) ms: i64,
    /// Unique among the rows of its table.
    pub(super) nth: u64,
}

impl Happening<'_> {
    fn channel(&self, random: &mut Random) -> i64 {
        *random.pick(&self.guild.channels)
    }

    fn member(&self, random: &mut Random) -> i64 {
        // Few members write most messages.
        let range = random.below(200) + 1;
        self.guild.member(random.below(range))
    }

    /// A snowflake made now, unique in its table.
    fn new_id(&self) -> i64 {
        snowflake(self.ms, self.nth)
    }

    fn literal_or_spelt(&self, random: &mut Random, times: u64) -> OwnedValue {
        if random.one_in(times) {
            instant::LITERAL.into()
        } else {
            spell(self.ms, random)
        }
    }
}

pub(super) fn guild(guild: &Guild, random: &mut Random) -> Row {
    let log = guild.channels.first().copied().unwrap_or_default();
    let settings = match random.below(40) {
        0 => Null,
        1 => "{}".into(),
        2 => "not json".into(),
        3 => format!(
            "{{ \"moderator\" : {}, \"quorum\": 5, \"theme\": {{\"a\": [1, 2.50]}} }}",
            guild.moderator
        )
        .into(),
        _ => format!("{{\"modLog\":\"{log}\",\"moderator\":\"{}\"}}", guild.moderator).into(),
    };
    vec![guild.id.as_i64().into(), settings]
}

pub(super) fn subscription(h: Happening<'_>, random: &mut Random) -> Row {
    let paid = random.one_in(4);
    let bought = |prefix: &str, random: &mut Random| {
        if paid {
            format!("{prefix}{}", &random.uuid()[..12]).into()
        } else {
            Null
        }
    };
    vec![
        h.guild.text.as_str().into(),
        bought("cus_", random),
        bought("sub_", random),
        if paid { "paid" } else { "free" }.into(),
        "active".into(),
        if paid {
            spell(NOW_MS + 86_400_000, random)
        } else {
            Null
        },
        h.literal_or_spelt(random, 10),
        h.literal_or_spelt(random, 5),
    ]
}

pub(super) fn message_stats(h: Happening<'_>, random: &mut Random) -> Row {
    let code = match random.below(30) {
        0 => r#"[{"chars":99,"words":83,"lines":7,"lang":"日本語"}]"#,
        1 => "not json",
        _ => "[]",
    };
    let link = if random.one_in(12) {
        r#"["https://example.com/a?b=c&d=%20"]"#
    } else {
        "[]"
    };
    vec![
        id(h.new_id()),
        id(h.member(random)),
        h.guild.text.as_str().into(),
        id(h.channel(random)),
        maybe(random, 9, |random| (*random.pick(&text::CATEGORIES)).to_owned()),
        if random.one_in(7) {
            id(h.member(random))
        } else {
            Null
        },
        random.below(900).cast_signed().into(),
        random.below(180).cast_signed().into(),
        (random.below(41).cast_signed() - 1).into(),
        h.ms.into(),
        code.into(),
        link.into(),
    ]
}

pub(super) fn message_cache(h: Happening<'_>, random: &mut Random) -> Row {
    vec![
        id(h.new_id()),
        h.guild.text.as_str().into(),
        id(h.channel(random)),
        id(h.member(random)),
        if random.one_in(10) {
            text::words(random, 12).into()
        } else {
            Null
        },
        spell(h.ms, random),
        spell(h.ms, random),
    ]
}

pub(super) fn report(h: Happening<'_>, random: &mut Random) -> Row {
    let anonymous = random.one_in(3);
    let staff = h.member(random);
    let deleted = if random.one_in(5) {
        spell(h.ms + 60_000, random)
    } else {
        Null
    };
    vec![
        random.uuid().into(),
        id(snowflake(h.ms - 5_000, h.nth)),
        id(h.channel(random)),
        id(h.member(random)),
        h.guild.text.as_str().into(),
        id(h.new_id()),
        id(h.channel(random)),
        (*random.pick(&["spam", "track", "anonReport", "modResolution", "automod"])).into(),
        if anonymous { Null } else { id(staff) },
        if anonymous { Null } else { "ユーザー9".into() },
        maybe(random, 2, |_| {
            "Score 10 (low): Spam keyword match (scam) (+1)".to_owned()
        }),
        h.literal_or_spelt(random, 20),
        deleted,
    ]
}

pub(super) fn escalation(h: Happening<'_>, key: &str, random: &mut Random) -> Row {
    let flags = match random.below(20) {
        0 => "not json",
        1 => "{\"quorum\": 5}",
        2 => "{}",
        _ => "{\"quorum\":3}",
    };
    let resolved = !random.one_in(4);
    vec![
        key.into(),
        h.guild.text.as_str().into(),
        id(h.channel(random)),
        id(h.new_id()),
        id(h.member(random)),
        id(h.member(random)),
        flags.into(),
        h.literal_or_spelt(random, 20),
        if resolved {
            spell(h.ms + 3_600_000, random)
        } else {
            Null
        },
        if resolved {
            (*random.pick(&["track", "timeout", "ban"])).into()
        } else {
            Null
        },
        maybe(random, 4, |_| "majority".to_owned()),
        if random.one_in(7) {
            Null
        } else {
            spell(h.ms + 129_600_000, random)
        },
    ]
}

pub(super) fn vote(h: Happening<'_>, escalation: &str, random: &mut Random) -> Row {
    vec![
        random.uuid().into(),
        escalation.into(),
        id(h.member(random)),
        (*random.pick(&["ban", "kick", "track", "warn"])).into(),
        spell(h.ms, random),
    ]
}

pub(super) fn mod_action(h: Happening<'_>, random: &mut Random) -> Row {
    vec![
        random.uuid().into(),
        id(h.member(random)),
        h.guild.text.as_str().into(),
        (*random.pick(&["ban", "unban", "kick", "timeout", "timeout_removed"])).into(),
        if random.one_in(20) {
            Null
        } else {
            id(h.member(random))
        },
        maybe(random, 20, |_| "user10".to_owned()),
        maybe(random, 10, |random| text::words(random, 3)),
        maybe(random, 5, |_| "20 hours".to_owned()),
        spell(h.ms, random),
    ]
}

/// A row of either thread table: one for each member.
pub(super) fn thread(h: Happening<'_>, member: u64, random: &mut Random) -> Row {
    let thread = id(h.new_id());
    let created = h.literal_or_spelt(random, 4);
    vec![
        id(h.guild.member(member)),
        h.guild.text.as_str().into(),
        thread,
        created,
    ]
}

pub(super) fn honeypot(guild: &Guild) -> Row {
    vec![
        guild.text.as_str().into(),
        id(guild.channels.last().copied().unwrap_or_default()),
    ]
}

pub(super) fn reactji(h: Happening<'_>, emoji: u64, random: &mut Random) -> Row {
    vec![
        random.uuid().into(),
        h.guild.text.as_str().into(),
        id(h.channel(random)),
        format!("<:emoji{emoji}:{}>", h.new_id()).into(),
        id(h.member(random)),
        (random.below(9).cast_signed() + 1).into(),
        spell(h.ms, random),
    ]
}

pub(super) fn ticket(h: Happening<'_>, random: &mut Random) -> Row {
    let channel = if random.one_in(4) {
        Null
    } else {
        id(h.channel(random))
    };
    vec![id(h.new_id()), channel, id(h.guild.moderator)]
}

pub(super) fn channel_info(channel: i64, random: &mut Random) -> Row {
    vec![
        id(channel),
        maybe(random, 20, |random| text::words(random, 1)),
        maybe(random, 9, |random| (*random.pick(&text::CATEGORIES)).to_owned()),
    ]
}

pub(super) fn user(nth: u64, random: &mut Random) -> Row {
    // Now and then two accounts of one person: nothing keeps them unique.
    let person = if nth % 50 == 7 { nth - 1 } else { nth };
    vec![
        random.uuid().into(),
        maybe(random, 20, |_| format!("ü{nth}@例え.jp")),
        id(snowflake(NOW_MS - 1_000_000_000 - person.cast_signed(), person)),
        maybe(random, 80, |_| "discord".to_owned()),
    ]
}

pub(super) fn session(random: &mut Random) -> Row {
    let data = r#"{"userId":"x","discordToken":{"access_token":"not-a-token"}}"#;
    let key = random.uuid();
    vec![
        key.into(),
        maybe(random, 20, |_| data.to_owned()),
        if random.one_in(4) {
            spell(NOW_MS, random)
        } else {
            Null
        },
    ]
}
