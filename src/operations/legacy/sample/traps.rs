//! One row for every trap that the old database can hold, each with what must become of it.

use super::rows::Row;
use super::text::{self, id, spelt};
use super::world::{Guild, NOW_MS, World, snowflake};
use crate::domain::ids::GuildId;
use crate::domain::legacy::OwnedValue::{self, Blob, Integer, Null, Real, Text};
use crate::domain::legacy::id::IdError;
use crate::domain::legacy::instant::{LITERAL, Spelling};
use crate::domain::legacy::tables::OldTable;
use crate::domain::legacy::{Refusal, attribution};

/// What must become of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes to its guild's pod.
    Guild(GuildId),
    /// It goes to quarantine.
    Quarantine(Refusal),
    /// It belongs to the fleet.
    Global,
    /// It is not carried.
    Dropped,
}

/// A row with its table and its fate.
pub(super) type Trap = (OldTable, Row, Fate);

/// A guild id that no pod can own, and one that shares its double.
const TOO_LARGE: [&str; 2] = ["12345678901234567890", "12345678901234567891"];

/// Every trap, set in the largest guild and in guilds of its own.
pub(super) fn traps(world: &World) -> Vec<Trap> {
    let Some(guild) = world.guilds.first() else {
        return Vec::new();
    };
    let mut set = Setter {
        guild,
        next: 0,
        traps: Vec::new(),
    };
    set.guild_ids();
    set.message_stats();
    set.message_cache();
    set.reports();
    set.votes();
    set.small_tables();
    set.tickets_and_channels();
    set.global();
    set.traps
}

struct Setter<'w> {
    guild: &'w Guild,
    /// Numbers the ids that traps make.
    next: u64,
    traps: Vec<Trap>,
}

fn refused(refusal: Refusal) -> Fate {
    Fate::Quarantine(refusal)
}

const fn bad_id(column: &'static str, error: IdError) -> Refusal {
    Refusal::BadId { column, error }
}

impl Setter<'_> {
    /// A snowflake that no ordinary row has: all of them are made before "now".
    fn new_id(&mut self) -> OwnedValue {
        self.next += 1;
        id(snowflake(NOW_MS + 3_600_000, self.next))
    }

    fn guild_text(&self) -> OwnedValue {
        self.guild.text.as_str().into()
    }

    fn here(&self) -> Fate {
        Fate::Guild(self.guild.id)
    }

    fn iso() -> OwnedValue {
        spelt(NOW_MS, Spelling::Iso)
    }

    /// A plain row of a table in our guild, which a trap then changes.
    fn plain(&mut self, table: OldTable) -> Row {
        use crate::domain::legacy::tables::Rule;
        let spec = table.spec();
        spec.columns
            .iter()
            .map(|column| match column.rule {
                Rule::Guild => self.guild_text(),
                Rule::Id => self.new_id(),
                Rule::Integer => Integer(5),
                Rule::Instant(_) => Self::iso(),
                Rule::Text => {
                    self.next += 1;
                    format!("trap-{}", self.next).into()
                }
                _ => Null,
            })
            .collect()
    }

    /// Sets a plain row with some columns changed.
    fn set(&mut self, table: OldTable, changes: &[(&str, OwnedValue)], fate: Fate) {
        let mut row = self.plain(table);
        for (column, value) in changes {
            if let Some(at) = table.spec().position(column) {
                row[at] = value.clone();
            }
        }
        self.traps.push((table, row, fate));
    }

    fn guild_ids(&mut self) {
        let own = refused(Refusal::GuildTooLarge);
        self.set(
            OldTable::Guilds,
            &[
                ("id", Real(1.234_567_890_123_456_7e19)),
                ("settings", "{}".into()),
            ],
            own,
        );
        for too_large in TOO_LARGE {
            for table in [
                OldTable::MessageStats,
                OldTable::ModActions,
                OldTable::UserThreads,
            ] {
                self.set(table, &[("guild_id", too_large.into())], own);
            }
        }
        let unreadable = refused(Refusal::GuildUnreadable);
        self.set(OldTable::Guilds, &[("id", Null)], unreadable);
        self.set(OldTable::Guilds, &[("id", "not-a-guild".into())], unreadable);
        self.set(OldTable::GuildSubscriptions, &[("guild_id", Null)], unreadable);
        self.set(OldTable::MessageCache, &[("guild_id", "0123".into())], unreadable);
        let blob = refused(Refusal::BadValue { column: "settings" });
        self.set(
            OldTable::Guilds,
            &[("id", Integer(4_194_304_001)), ("settings", Blob(b"{}".into()))],
            blob,
        );
    }

    fn message_stats(&mut self) {
        let table = OldTable::MessageStats;
        let here = self.here();
        for (column, value, fate) in [
            ("message_id", Null, refused(bad_id("message_id", IdError::Null))),
            (
                "message_id",
                "1e5".into(),
                refused(bad_id("message_id", IdError::NotDecimal)),
            ),
            (
                "message_id",
                TOO_LARGE[0].into(),
                refused(bad_id("message_id", IdError::TooLarge)),
            ),
            (
                "author_id",
                Blob(b"5".into()),
                refused(bad_id("author_id", IdError::NotDecimal)),
            ),
            (
                "recipient_id",
                "".into(),
                refused(bad_id("recipient_id", IdError::NotDecimal)),
            ),
            (
                "channel_category",
                Text(b"\xff\xfe".into()),
                refused(Refusal::BadValue {
                    column: "channel_category",
                }),
            ),
            (
                "char_count",
                "many".into(),
                refused(Refusal::BadValue { column: "char_count" }),
            ),
            (
                "sent_at",
                Real(1.5),
                refused(Refusal::BadValue { column: "sent_at" }),
            ),
            ("char_count", Integer(i64::MIN), here),
            ("react_count", Integer(i64::MAX), here),
            ("code_stats", "[\"a\0b\"]".into(), here),
            ("link_stats", "".into(), here),
            ("channel_category", text::longest().into(), here),
        ] {
            self.set(table, &[(column, value)], fate);
        }
    }

    fn message_cache(&mut self) {
        let table = OldTable::MessageCache;
        let here = self.here();
        for (column, value, fate) in [
            ("content", text::longest().into(), here),
            ("content", "a\0b\0".into(), here),
            ("content", "".into(), here),
            (
                "content",
                Blob(b"text".into()),
                refused(Refusal::BadValue { column: "content" }),
            ),
            ("last_touched", LITERAL.into(), here),
            (
                "created_at",
                "yesterday".into(),
                refused(Refusal::BadInstant { column: "created_at" }),
            ),
            ("created_at", spelt(NOW_MS, Spelling::Date), here),
        ] {
            self.set(table, &[(column, value)], fate);
        }
    }

    fn reports(&mut self) {
        let table = OldTable::ReportedMessages;
        let here = self.here();
        for (column, value, fate) in [
            ("id", Integer(42), here),
            ("id", Integer(-42), here),
            ("id", Real(1.5), refused(Refusal::BadValue { column: "id" })),
            ("id", "nul\0key".into(), here),
            ("id", "".into(), here),
            ("created_at", LITERAL.into(), here),
            ("created_at", spelt(NOW_MS, Spelling::JsDate), here),
            (
                "created_at",
                "2026-01-02T03:04:05.678901Z".into(),
                refused(Refusal::BadInstant { column: "created_at" }),
            ),
            ("deleted_at", LITERAL.into(), here),
        ] {
            self.set(table, &[(column, value)], fate);
        }
    }

    fn votes(&mut self) {
        let (escalations, votes) = (OldTable::Escalations, OldTable::EscalationRecords);
        let here = self.here();
        let bad = refused(bad_id("initiator_id", IdError::NotDecimal));
        self.set(
            escalations,
            &[("id", "nul\0escalation".into()), ("flags", "[]".into())],
            here,
        );
        self.set(
            escalations,
            &[("id", "refused".into()), ("initiator_id", "x".into())],
            bad,
        );
        self.set(
            escalations,
            &[("id", "unownable".into()), ("guild_id", TOO_LARGE[0].into())],
            refused(Refusal::GuildTooLarge),
        );
        self.set(
            escalations,
            &[
                ("scheduled_for", NOW_MS.to_string().into()),
                ("flags", "{}".into()),
            ],
            here,
        );
        for (escalation, fate) in [
            ("nul\0escalation", here),
            ("refused", refused(Refusal::VoteOfRefused)),
            ("unownable", refused(Refusal::VoteOfRefused)),
            ("never was", refused(Refusal::OrphanVote)),
        ] {
            self.set(votes, &[("escalation_id", escalation.into())], fate);
        }
        let no_instant = refused(Refusal::NoInstant { column: "voted_at" });
        self.set(
            votes,
            &[
                ("escalation_id", "nul\0escalation".into()),
                ("voted_at", LITERAL.into()),
            ],
            no_instant,
        );
    }

    fn small_tables(&mut self) {
        let here = self.here();
        self.set(
            OldTable::ModActions,
            &[("reason", "\0".into()), ("created_at", Integer(NOW_MS))],
            here,
        );
        let no_instant = refused(Refusal::NoInstant { column: "created_at" });
        self.set(
            OldTable::ModActions,
            &[("created_at", LITERAL.into())],
            no_instant,
        );
        for table in [OldTable::UserThreads, OldTable::DeletionLogThreads] {
            self.set(table, &[("created_at", LITERAL.into())], here);
        }
        let bad = refused(bad_id("channel_id", IdError::NotDecimal));
        self.set(OldTable::HoneypotConfig, &[("channel_id", "x".into())], bad);
        self.set(
            OldTable::ReactjiChannelerConfig,
            &[("emoji", "🔥\0".into())],
            here,
        );
        self.set(
            OldTable::ReactjiChannelerConfig,
            &[("threshold", Integer(i64::MIN))],
            here,
        );
    }

    /// Two guilds of their own that both claim a role and a channel.
    fn tickets_and_channels(&mut self) {
        let (role, channel) = (self.new_id(), self.new_id());
        let Text(role_text) = &role else { return };
        let settings = format!("{{\"moderator\":\"{}\"}}", String::from_utf8_lossy(role_text));
        for raw in [4_194_304_002, 4_194_304_003] {
            let Ok(claimer) = GuildId::from_i64(raw) else {
                continue;
            };
            let fate = Fate::Guild(claimer);
            self.set(
                OldTable::Guilds,
                &[("id", Integer(raw)), ("settings", settings.as_str().into())],
                fate,
            );
            let guild = OwnedValue::from(claimer.to_string());
            self.set(
                OldTable::HoneypotConfig,
                &[("guild_id", guild), ("channel_id", channel.clone())],
                fate,
            );
        }
        let several = refused(Refusal::SeveralGuilds);
        self.set(OldTable::TicketsConfig, &[("role_id", role)], several);
        self.set(
            OldTable::TicketsConfig,
            &[("channel_id", channel.clone())],
            several,
        );
        self.set(OldTable::ChannelInfo, &[("id", channel)], several);
        let no_guild = refused(Refusal::NoGuild);
        self.set(OldTable::TicketsConfig, &[], no_guild);
        self.set(OldTable::ChannelInfo, &[], no_guild);
        self.set(OldTable::ChannelInfo, &[("id", Null)], no_guild);
        let mine = self.new_id();
        let here = self.here();
        self.set(OldTable::HoneypotConfig, &[("channel_id", mine.clone())], here);
        self.set(
            OldTable::ChannelInfo,
            &[("id", mine.clone()), ("name", "a\0b".into())],
            here,
        );
        self.set(OldTable::TicketsConfig, &[("channel_id", mine)], here);
    }

    fn global(&mut self) {
        let user = |key: OwnedValue, name: &str| vec![key, Null, name.into(), Null];
        self.traps
            .push((OldTable::Users, user(Integer(42), "1"), Fate::Global));
        self.traps
            .push((OldTable::Users, user("nul\0user".into(), "1"), Fate::Global));
        self.traps.push((
            OldTable::Sessions,
            vec![Null, Text(b"\xff".into()), Null],
            Fate::Dropped,
        ));
    }
}

/// Whether the column holds a channel that tells whose row it is.
pub(super) fn is_evidence(table: OldTable, column: &str) -> bool {
    attribution::channel_columns(table).contains(&column)
}
