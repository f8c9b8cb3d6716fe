//! What tests and operators look at, copied out of the state.

use serde::Serialize;

use super::ledger::SessionRecord;
use super::snowflake::Snowflake;
use super::state::State;

/// A guild.
#[derive(Debug, Clone, Serialize)]
pub struct GuildView {
    /// Its id.
    pub id: Snowflake,
    /// Its owner.
    pub owner: Snowflake,
    /// Text channels, without threads.
    pub text_channels: Vec<Snowflake>,
    /// Voice channels.
    pub voice_channels: Vec<Snowflake>,
    /// Threads.
    pub threads: Vec<Snowflake>,
    /// Members without the bot, in order of id.
    pub members: Vec<Snowflake>,
    /// Those of them with the moderators' role.
    pub moderators: Vec<Snowflake>,
    /// Members with no role at all who are not the owner.
    pub plain_members: Vec<Snowflake>,
    /// The bot's own role.
    pub bot_role: Option<Snowflake>,
    /// Roles that the bot can give and take.
    pub plain_roles: Vec<Snowflake>,
    /// Banned users.
    pub banned: Vec<Snowflake>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberView {
    /// Its roles.
    pub roles: Vec<Snowflake>,
    /// Unix milliseconds.
    pub timeout_until_ms: Option<u64>,
    /// Its nickname.
    pub nick: Option<String>,
}

/// A session, without the list of what was sent.
#[derive(Debug, Clone, Serialize)]
pub struct SessionView {
    /// From 0.
    pub no: usize,
    /// Its id.
    pub session_id: String,
    /// The Discord shard.
    pub shard: u32,
    /// Of how many.
    pub num_shards: u32,
    /// The last seq given out.
    pub last_seq: u64,
    /// The last seq written to a socket.
    pub written: u64,
    /// The last seq that the client named.
    pub acked: u64,
    /// Whether a connection holds it.
    pub attached: bool,
    /// Whether it is over.
    pub ended: bool,
}

/// The whole in figures.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Summary {
    pub guilds: usize,
    pub users: usize,
    pub connections: usize,
    pub live_sessions: usize,
    pub events: usize,
    pub unheard_events: usize,
    pub identifies: usize,
    pub resumes: usize,
    pub requests: usize,
    pub rate_limited: usize,
    pub invalid_requests_in_window: usize,
    pub effects: usize,
    pub token_reset: bool,
}

impl From<&SessionRecord> for SessionView {
    fn from(record: &SessionRecord) -> Self {
        Self {
            no: record.no,
            session_id: record.session_id.clone(),
            shard: record.shard,
            num_shards: record.num_shards,
            last_seq: record.last_seq(),
            written: record.written,
            acked: record.acked,
            attached: record.attached,
            ended: record.ended.is_some(),
        }
    }
}

impl State {
    /// The guilds that the bot is in, in order of id.
    pub(super) fn guild_views(&self) -> Vec<GuildView> {
        let mine = self
            .world
            .guilds
            .values()
            .filter(|guild| guild.members.contains_key(&self.world.bot));
        mine.map(|guild| self.guild_view(guild)).collect()
    }

    fn guild_view(&self, guild: &super::world::guild::Guild) -> GuildView {
        use super::world::channel::VOICE;
        let bot = self.world.bot;
        let moderators = guild
            .roles
            .values()
            .find(|role| role.name == "moderators")
            .map(|role| role.id);
        let members = || guild.members.iter().filter(move |(user, _)| **user != bot);
        let has = |role: Option<Snowflake>| {
            let with =
                members().filter(move |(_, member)| role.is_some_and(|role| member.roles.contains(&role)));
            with.map(|(user, _)| *user).collect()
        };
        let plain = members().filter(|(user, member)| member.roles.is_empty() && **user != guild.owner);
        GuildView {
            id: guild.id,
            owner: guild.owner,
            text_channels: guild.text_channels().map(|channel| channel.id).collect(),
            voice_channels: guild
                .channels
                .values()
                .filter(|one| one.kind == VOICE)
                .map(|one| one.id)
                .collect(),
            threads: guild
                .channels
                .values()
                .filter(|one| one.thread.is_some())
                .map(|one| one.id)
                .collect(),
            members: guild.humans(bot).collect(),
            moderators: has(moderators),
            plain_members: plain.map(|(user, _)| *user).collect(),
            bot_role: guild
                .roles
                .values()
                .find(|role| role.bot == Some(bot))
                .map(|role| role.id),
            plain_roles: guild
                .roles
                .values()
                .filter(|role| role.name.starts_with("role "))
                .map(|role| role.id)
                .collect(),
            banned: guild.bans.keys().copied().collect(),
        }
    }

    /// A member, where there is one.
    pub(super) fn member_view(&self, guild: Snowflake, user: Snowflake) -> Option<MemberView> {
        let member = self.world.guilds.get(&guild)?.members.get(&user)?;
        Some(MemberView {
            roles: member.roles.clone(),
            timeout_until_ms: member.timeout_until_ms,
            nick: member.nick.clone(),
        })
    }

    /// The whole in figures.
    pub(super) fn summary(&self) -> Summary {
        let ledger = &self.ledger;
        Summary {
            guilds: self.world.guilds.len(),
            users: self.world.users.len(),
            connections: self.connections.len(),
            live_sessions: self.sessions.live().len(),
            events: ledger.events.len(),
            unheard_events: ledger.unheard().count(),
            identifies: ledger.identifies(),
            resumes: ledger.resumes(),
            requests: ledger.requests.len(),
            rate_limited: ledger
                .requests
                .iter()
                .filter(|request| request.status == Some(429))
                .count(),
            invalid_requests_in_window: self.limits.invalid_count(),
            effects: ledger.effects.len(),
            token_reset: ledger.token_reset,
        }
    }
}
