//! Which guild a row belongs to, for the three tables that do not say.
//!
//! A vote belongs to the guild of its escalation. A ticket button or a channel's name belongs to the guild whose
//! rows name the channel; a ticket button also to the guild whose moderator role it calls. Where nothing or
//! several guilds answer, nobody guesses: the row goes to quarantine.

use std::collections::{HashMap, HashSet};

use super::id::{self, IdError, Snowflake};
use super::json::Settings;
use super::refusal::Refusal;
use super::tables::{OldTable, Scope, TableSpec};
use super::value::OldValue;
use crate::domain::ids::GuildId;

/// Whose a channel, role or escalation is, as far as the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// One guild's.
    Of(GuildId),
    /// A guild's that no pod can own.
    Unownable,
    /// Named by rows of several guilds.
    Several,
}

/// What the rows of guilds say about channels, roles and escalations.
///
/// Only channels that are asked about are kept, so that its size is that of the small tables.
#[derive(Debug, Clone, Default)]
pub struct Attribution {
    wanted: HashSet<Snowflake>,
    channels: HashMap<Snowflake, Claim>,
    roles: HashMap<Snowflake, Claim>,
    escalations: HashMap<Box<[u8]>, Claim>,
    refused_escalations: HashSet<Box<[u8]>>,
}

/// The columns that hold a channel or thread of the row's guild.
pub const fn channel_columns(table: OldTable) -> &'static [&'static str] {
    match table {
        OldTable::MessageStats
        | OldTable::MessageCache
        | OldTable::HoneypotConfig
        | OldTable::ReactjiChannelerConfig => &["channel_id"],
        OldTable::ReportedMessages => &["reported_channel_id", "log_channel_id"],
        OldTable::Escalations | OldTable::UserThreads | OldTable::DeletionLogThreads => &["thread_id"],
        _ => &[],
    }
}

/// The guild in a guild column.
fn own_guild(value: OldValue<'_>) -> Result<GuildId, Refusal> {
    id::read_guild(value).map_err(|error| match error {
        IdError::Double | IdError::TooLarge => Refusal::GuildTooLarge,
        IdError::Null | IdError::NotDecimal => Refusal::GuildUnreadable,
    })
}

fn record<K: std::hash::Hash + Eq>(claims: &mut HashMap<K, Claim>, key: K, claim: Claim) {
    let entry = claims.entry(key).or_insert(claim);
    if *entry != claim {
        *entry = Claim::Several;
    }
}

impl Attribution {
    /// Says that a row of `tickets_config` or `channel_info` will be asked about; all of them before
    /// [`Attribution::learn`].
    pub fn want(&mut self, channel: OldValue<'_>) {
        if let Ok(channel) = id::read(channel) {
            self.wanted.insert(channel);
        }
    }

    /// Learns from a row that says which guild it belongs to; `values` are those of the guild column and then of
    /// [`channel_columns`]. Returns the guild.
    pub fn learn(&mut self, guild: OldValue<'_>, channels: &[OldValue<'_>]) -> Result<GuildId, Refusal> {
        let home = own_guild(guild);
        let Some(claim) = Self::claim(home) else {
            return home;
        };
        for channel in channels {
            if let Ok(channel) = id::read(*channel)
                && self.wanted.contains(&channel)
            {
                record(&mut self.channels, channel, claim);
            }
        }
        home
    }

    /// Learns from a guild's settings: its log channels and its moderator role.
    pub fn learn_settings(&mut self, guild: OldValue<'_>, settings: OldValue<'_>) {
        let OldValue::Text(text) = settings else { return };
        let (Some(claim), Ok(text)) = (Self::claim(own_guild(guild)), std::str::from_utf8(text)) else {
            return;
        };
        let (settings, _) = Settings::read(Some(text));
        for channel in [settings.mod_log, settings.deletion_log].into_iter().flatten() {
            if self.wanted.contains(&channel) {
                record(&mut self.channels, channel, claim);
            }
        }
        if let Some(role) = settings.moderator {
            record(&mut self.roles, role, claim);
        }
    }

    /// Learns which guild an escalation belongs to.
    pub fn learn_escalation(&mut self, escalation: OldValue<'_>, guild: OldValue<'_>) {
        let (OldValue::Text(key), Some(claim)) = (escalation, Self::claim(own_guild(guild))) else {
            return;
        };
        self.escalations.insert(key.into(), claim);
    }

    /// Says that an escalation is in quarantine, so that its votes follow it.
    pub fn refuse_escalation(&mut self, escalation: OldValue<'_>) {
        if let OldValue::Text(key) = escalation {
            self.refused_escalations.insert(key.into());
        }
    }

    fn claim(home: Result<GuildId, Refusal>) -> Option<Claim> {
        match home {
            Ok(guild) => Some(Claim::Of(guild)),
            Err(Refusal::GuildTooLarge) => Some(Claim::Unownable),
            Err(_) => None,
        }
    }

    /// The guild that a row belongs to.
    pub fn home(&self, spec: &TableSpec, values: &[OldValue<'_>]) -> Result<GuildId, Refusal> {
        let value = |column| spec.position(column).map_or(OldValue::Null, |at| values[at]);
        match spec.scope {
            Scope::Guild => own_guild(value(guild_column(spec))),
            Scope::ThroughEscalation => self.home_of_vote(value("escalation_id")),
            Scope::ThroughChannel if spec.table == OldTable::ChannelInfo => {
                settle(self.channel(value("id")), None)
            }
            Scope::ThroughChannel => settle(self.channel(value("channel_id")), self.role(value("role_id"))),
            Scope::Global | Scope::Dropped => Err(Refusal::NoGuild),
        }
    }

    fn home_of_vote(&self, escalation: OldValue<'_>) -> Result<GuildId, Refusal> {
        let OldValue::Text(key) = escalation else {
            return Err(Refusal::OrphanVote);
        };
        if self.refused_escalations.contains(key) {
            return Err(Refusal::VoteOfRefused);
        }
        match self.escalations.get(key) {
            Some(Claim::Of(guild)) => Ok(*guild),
            Some(Claim::Unownable | Claim::Several) => Err(Refusal::VoteOfRefused),
            None => Err(Refusal::OrphanVote),
        }
    }

    fn channel(&self, channel: OldValue<'_>) -> Option<Claim> {
        id::read(channel)
            .ok()
            .and_then(|id| self.channels.get(&id))
            .copied()
    }

    fn role(&self, role: OldValue<'_>) -> Option<Claim> {
        id::read(role).ok().and_then(|id| self.roles.get(&id)).copied()
    }
}

/// The column that holds the guild's id; `guilds` calls it `id`.
pub fn guild_column(spec: &TableSpec) -> &'static str {
    if spec.table == OldTable::Guilds {
        "id"
    } else {
        "guild_id"
    }
}

/// The channel's word counts; where it has none, or more than one, the role's.
fn settle(channel: Option<Claim>, role: Option<Claim>) -> Result<GuildId, Refusal> {
    let undecided = |claim: &Option<Claim>| matches!(claim, None | Some(Claim::Several));
    let decided = if undecided(&channel) { role } else { channel };
    match decided {
        Some(Claim::Of(guild)) => Ok(guild),
        Some(Claim::Unownable) => Err(Refusal::GuildTooLarge),
        Some(Claim::Several) => Err(Refusal::SeveralGuilds),
        None if channel.is_some() => Err(Refusal::SeveralGuilds),
        None => Err(Refusal::NoGuild),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> OldValue<'_> {
        OldValue::Text(text.as_bytes())
    }

    /// Guild 1 has channel 11, guild 2 has 22, both have 33, the unownable one has 44; roles likewise.
    fn known() -> Attribution {
        let mut known = Attribution::default();
        for channel in ["11", "22", "33", "44", "55"] {
            known.want(text(channel));
        }
        let too_large = "12345678901234567890";
        for (guild, channel) in [
            ("1", "11"),
            ("1", "33"),
            ("2", "22"),
            ("2", "33"),
            (too_large, "44"),
            ("1", "66"),
        ] {
            let _ = known.learn(text(guild), &[text(channel)]);
        }
        for (guild, settings) in [
            ("1", r#"{"moderator":"111","modLog":"11"}"#),
            ("2", r#"{"moderator":"222"}"#),
            ("3", r#"{"moderator":"333"}"#),
            ("4", r#"{"moderator":"333"}"#),
            (too_large, r#"{"moderator":"444"}"#),
            ("5", "not json"),
        ] {
            known.learn_settings(text(guild), text(settings));
        }
        known.learn_escalation(text("e1"), text("1"));
        known.learn_escalation(text("e2"), text(too_large));
        known.learn_escalation(text("e3"), text("1"));
        known.refuse_escalation(text("e3"));
        known
    }

    #[test]
    fn a_ticket_belongs_to_the_guild_of_its_channel_then_of_its_role() {
        let known = known();
        for (channel, role, home) in [
            (text("11"), text("111"), Ok(1)),
            (text("11"), text("222"), Ok(1)),
            (OldValue::Null, text("222"), Ok(2)),
            (text("55"), text("222"), Ok(2)),
            (text("33"), text("222"), Ok(2)),
            (text("33"), text("999"), Err(Refusal::SeveralGuilds)),
            (text("55"), text("333"), Err(Refusal::SeveralGuilds)),
            (text("44"), text("111"), Err(Refusal::GuildTooLarge)),
            (OldValue::Null, text("444"), Err(Refusal::GuildTooLarge)),
            (OldValue::Null, text("999"), Err(Refusal::NoGuild)),
            (text("x"), OldValue::Null, Err(Refusal::NoGuild)),
            // Nobody asked about channel 66 beforehand.
            (text("66"), text("999"), Err(Refusal::NoGuild)),
        ] {
            let values = [text("9"), channel, role];
            let found = known.home(OldTable::TicketsConfig.spec(), &values);
            assert_eq!(found.map(GuildId::get), home, "{channel:?} {role:?}");
        }
        let found = known.home(
            OldTable::ChannelInfo.spec(),
            &[text("22"), OldValue::Null, OldValue::Null],
        );
        assert_eq!(found.map(GuildId::get), Ok(2));
    }

    #[test]
    fn a_vote_belongs_to_the_guild_of_its_escalation() {
        let known = known();
        for (escalation, home) in [
            (text("e1"), Ok(1)),
            (text("e2"), Err(Refusal::VoteOfRefused)),
            (text("e3"), Err(Refusal::VoteOfRefused)),
            (text("e4"), Err(Refusal::OrphanVote)),
            (OldValue::Blob(b"e1"), Err(Refusal::OrphanVote)),
        ] {
            let values = [text("v"), escalation, text("5"), text("ban"), OldValue::Null];
            let found = known.home(OldTable::EscalationRecords.spec(), &values);
            assert_eq!(found.map(GuildId::get), home, "{escalation:?}");
        }
    }

    #[test]
    fn a_guild_column_speaks_for_itself() {
        let known = Attribution::default();
        for (guild, home) in [
            (text("7"), Ok(7)),
            (OldValue::Integer(7), Ok(7)),
            (OldValue::Real(1.2e19), Err(Refusal::GuildTooLarge)),
            (text("12345678901234567890"), Err(Refusal::GuildTooLarge)),
            (OldValue::Null, Err(Refusal::GuildUnreadable)),
            (text("seven"), Err(Refusal::GuildUnreadable)),
        ] {
            let found = known.home(OldTable::Guilds.spec(), &[guild, OldValue::Null]);
            assert_eq!(found.map(GuildId::get), home, "{guild:?}");
        }
    }
}
