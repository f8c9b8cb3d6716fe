//! What a simulated Discord is started with. Every interval and limit is here, so that tests can shorten it.

use std::time::Duration;

/// How a simulated Discord behaves; [`Settings::default`] has Discord's documented figures.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The world to make.
    pub world: WorldSettings,
    /// Where to listen.
    pub ports: Ports,
    /// The bot's token, without the `Bot ` prefix.
    pub token: String,
    /// The clock moves only when it is advanced: windows do not end while a busy machine takes its time.
    /// Heartbeats and load run on real time all the same.
    pub clock_stands: bool,
    /// The gateway's behaviour.
    pub gateway: GatewaySettings,
    /// The REST API's behaviour.
    pub rest: RestSettings,
}

/// Ports on loopback; 0 lets the system choose.
#[derive(Debug, Clone, Default)]
pub struct Ports {
    /// The gateway that `GET /gateway/bot` names.
    pub gateway: u16,
    /// The gateway that READY names for resuming: a port of its own, so that the ledger shows who used it.
    pub resume_gateway: u16,
    /// The REST API.
    pub rest: u16,
    /// The control API.
    pub control: u16,
}

/// The size and shape of a generated world; the same values always make the same world.
#[derive(Debug, Clone)]
pub struct WorldSettings {
    /// What every random choice is drawn from.
    pub seed: u64,
    /// How many guilds there are.
    pub guilds: usize,
    /// Members of the largest guild, the bot and the owner included.
    pub members_max: usize,
    /// Members of the smallest guild.
    pub members_min: usize,
    /// How much smaller each next guild is: the n-th has `members_max / n^skew` members. 0 makes all equal.
    pub skew: f64,
    /// Text channels of a guild.
    pub channels: usize,
    /// Roles of a guild beside `@everyone`, the bot's and the moderators'.
    pub roles: usize,
}

/// What happens to a session's replay buffer as its client acknowledges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayTrim {
    /// Nothing: the newest [`GatewaySettings::replay_buffer`] events are kept.
    Never,
    /// Events up to a heartbeat's `d` are dropped. Not known from any document whether Discord does so.
    ByHeartbeat,
}

/// What a RESUME at a sequence number below an acknowledged one gets. Not known from any document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OlderSeq {
    /// The events after it, where the buffer still has them.
    Accept,
    /// Op 9, not resumable.
    Refuse,
}

/// The gateway's behaviour.
#[derive(Debug, Clone)]
pub struct GatewaySettings {
    /// What HELLO asks for.
    pub heartbeat_interval: Duration,
    /// How long after an expected heartbeat the connection is closed with 4009.
    pub heartbeat_grace: Duration,
    /// How long a connection may stay without IDENTIFY or RESUME before 4003.
    pub identify_timeout: Duration,
    /// How long a session without a connection can be resumed.
    pub resume_window: Duration,
    /// Events kept for replay, per session.
    pub replay_buffer: usize,
    /// What heartbeats do to the replay buffer.
    pub replay_trim: ReplayTrim,
    /// What a RESUME at an older sequence number gets.
    pub older_seq: OlderSeq,
    /// Identifies that may run side by side: the key is `shard_id % max_concurrency`.
    pub max_concurrency: u32,
    /// The least time between two identifies of one key; sooner is op 9.
    pub identify_interval: Duration,
    /// Identifies per 24 hours; one more ends every session and resets the token.
    pub identify_budget: u32,
    /// The number of Discord shards that `GET /gateway/bot` recommends.
    pub recommended_shards: u32,
    /// Guilds that one session may hold; more is 4011.
    pub guilds_per_session: usize,
    /// Payloads beside heartbeats that a client may send in 60 seconds; more is 4008.
    pub payloads_per_minute: usize,
    /// The least time between two requests of one session for all members of one guild; sooner is `RATE_LIMITED`.
    pub all_members_interval: Duration,
    /// The privileged intents that the bot was granted, as bits; others are 4014.
    pub privileged_intents: u64,
}

/// The REST API's behaviour.
#[derive(Debug, Clone)]
pub struct RestSettings {
    /// Requests per second for the bot, interaction endpoints apart.
    pub global_per_second: u32,
    /// 401, 403 and 429 answers in [`RestSettings::invalid_window`] before the client is shut out.
    pub invalid_limit: u32,
    /// The window of the invalid-request count.
    pub invalid_window: Duration,
    /// How long a nonce with `enforce_nonce` is remembered.
    pub nonce_window: Duration,
    /// How long an interaction waits for its first answer.
    pub interaction_deadline: Duration,
    /// How long an interaction's token is good for edits and follow-ups.
    pub interaction_token_life: Duration,
    /// Multiplies every per-route limit; tests that need no limits raise it.
    pub route_limit_factor: u32,
    /// Messages kept per channel for reads, edits and deletes.
    pub messages_per_channel: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            world: WorldSettings::default(),
            ports: Ports::default(),
            token: "simulated.bot.token".to_owned(),
            clock_stands: false,
            gateway: GatewaySettings::default(),
            rest: RestSettings::default(),
        }
    }
}

impl Default for WorldSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            guilds: 4,
            members_max: 50,
            members_min: 5,
            skew: 1.0,
            channels: 4,
            roles: 3,
        }
    }
}

impl Default for GatewaySettings {
    fn default() -> Self {
        Self {
            heartbeat_interval: Duration::from_millis(41_250),
            heartbeat_grace: Duration::from_secs(20),
            identify_timeout: Duration::from_mins(1),
            resume_window: Duration::from_mins(3),
            replay_buffer: 20_000,
            replay_trim: ReplayTrim::Never,
            older_seq: OlderSeq::Accept,
            max_concurrency: 1,
            identify_interval: Duration::from_secs(5),
            identify_budget: 1000,
            recommended_shards: 1,
            guilds_per_session: 2500,
            payloads_per_minute: 120,
            all_members_interval: Duration::from_secs(30),
            privileged_intents: super::gateway::intents::PRIVILEGED,
        }
    }
}

impl Default for RestSettings {
    fn default() -> Self {
        Self {
            global_per_second: 50,
            invalid_limit: 10_000,
            invalid_window: Duration::from_mins(10),
            nonce_window: Duration::from_mins(5),
            interaction_deadline: Duration::from_secs(3),
            interaction_token_life: Duration::from_mins(15),
            route_limit_factor: 1,
            messages_per_channel: 1000,
        }
    }
}
