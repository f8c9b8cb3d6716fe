//! Making an old database out of nothing: the same bytes of rows for the same seed.
//!
//! Sizes are skewed as real ones are, every table has rows, and every trap that the old schema allows is set at
//! least once. For trying the tools, for tests and for measuring.

mod random;
mod rows;
mod text;
mod traps;
mod truth;
mod world;

use std::collections::HashMap;
use std::path::Path;

use crate::domain::legacy::Refusal;
use crate::domain::legacy::tables::OldTable;
use crate::operations::legacy::progress::{Progress, Step};
use crate::store::legacy_db::{Inserter, LegacyWriter, Staging, StagingError, WriteError, migrations_at};
use random::Random;
use rows::{Happening, Row};
use traps::Fate;
use truth::Evidence;
pub use truth::Truth;
use world::{NOW_MS, SPAN_MS, World};

/// What to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many guilds, one at least; a few more come with the traps.
    pub guilds: usize,
    /// How many rows over all tables, exactly.
    pub rows: u64,
    /// Chooses everything that is left to chance.
    pub seed: u64,
}

/// Why no sample was made.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The rows do not suffice for the guilds and the traps.
    #[error("{asked} rows are too few for {guilds} guilds and every trap: at least {needed}")]
    TooFewRows {
        /// The rows that were asked for.
        asked: u64,
        /// The guilds that were asked for.
        guilds: usize,
        /// How many are needed.
        needed: u64,
    },
    /// A sample needs a guild.
    #[error("a sample needs at least one guild")]
    NoGuilds,
    /// The place for the file cannot be had.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Shares of the tables that grow with the sample, in parts of 1,000; `message_stats` has the rest.
const SHARES: [(OldTable, u64); 6] = [
    (OldTable::MessageCache, 85),
    (OldTable::ReportedMessages, 55),
    (OldTable::EscalationRecords, 18),
    (OldTable::ModActions, 30),
    (OldTable::UserThreads, 30),
    (OldTable::DeletionLogThreads, 25),
];

/// Makes the sample at `path`, which must not exist, and says where each row of it belongs.
pub fn make(path: &Path, options: Options, progress: &dyn Progress) -> Result<Truth, SampleError> {
    if options.guilds == 0 {
        return Err(SampleError::NoGuilds);
    }
    let mut random = Random::new(options.seed);
    let world = World::new(options.guilds, &mut random);
    let plan = Plan::new(&world, options)?;
    let staging = Staging::claim(path)?;
    let name = "sample.sqlite3";
    let writer = LegacyWriter::create(&staging.path(name))?;
    progress.begin(Step::Writing, Some(options.rows));
    let maker = Maker {
        world: &world,
        random,
        writer: &writer,
        inserters: HashMap::new(),
        truth: Truth::default(),
        evidence: Evidence::default(),
        escalations: Vec::new(),
        members: HashMap::new(),
        progress,
    };
    let truth = maker.run(plan)?;
    writer.record_migrations(migrations_at("2026-05-05T12:00:00.000Z"))?;
    progress.begin(Step::Finishing, None);
    writer.finish()?;
    staging.publish_file(name)?;
    Ok(truth)
}

/// How many rows each table gets.
struct Plan {
    traps: Vec<traps::Trap>,
    growing: Vec<(OldTable, u64)>,
    channels: u64,
}

impl Plan {
    fn new(world: &World, options: Options) -> Result<Self, SampleError> {
        let traps = traps::traps(world);
        let fixed = traps.len() as u64 + world.guilds.iter().map(fixed_rows).sum::<u64>();
        // A few of every table, whatever the size.
        let needed = fixed + 40;
        let left = options.rows.checked_sub(needed).ok_or(SampleError::TooFewRows {
            asked: options.rows,
            guilds: options.guilds,
            needed,
        })? + 40;
        let channels = world
            .guilds
            .iter()
            .filter(|g| !g.bare)
            .map(|g| g.channels.len() as u64)
            .sum::<u64>();
        let channels = channels.min(left / 10);
        let users = 1 + left / 250;
        let sessions = 1 + left / 170;
        let escalations = 1 + left / 200;
        let mut growing = vec![
            (OldTable::Users, users),
            (OldTable::Sessions, sessions),
            (OldTable::Escalations, escalations),
        ];
        growing.extend(SHARES.map(|(table, share)| (table, 1 + left * share / 1000)));
        let taken: u64 = channels + growing.iter().map(|(_, rows)| rows).sum::<u64>();
        growing.push((OldTable::MessageStats, left.saturating_sub(taken)));
        Ok(Self {
            traps,
            growing,
            channels,
        })
    }
}

fn has_subscription(guild: &world::Guild) -> bool {
    !guild.bare && !guild.id.get().is_multiple_of(5)
}

/// Rows that a guild has whatever its size: registration, plan, honeypot, reaction, ticket.
fn fixed_rows(guild: &world::Guild) -> u64 {
    u64::from(guild.registered) + u64::from(has_subscription(guild)) + 3 * u64::from(!guild.bare)
}

struct Maker<'w> {
    world: &'w World,
    random: Random,
    writer: &'w LegacyWriter,
    inserters: HashMap<OldTable, Inserter<'w>>,
    truth: Truth,
    evidence: Evidence,
    /// The escalations made so far, each with the place of its guild.
    escalations: Vec<(String, usize)>,
    /// The last member with a thread, per table and guild.
    members: HashMap<(OldTable, usize), u64>,
    progress: &'w dyn Progress,
}

impl Maker<'_> {
    fn run(mut self, plan: Plan) -> Result<Truth, SampleError> {
        self.fixed_rows()?;
        for (table, row, fate) in plan.traps {
            self.put(table, &row, fate)?;
        }
        for (table, count) in plan.growing {
            for nth in 0..count {
                self.growing_row(table, nth, count)?;
            }
        }
        self.channels_and_tickets(plan.channels)?;
        Ok(self.truth)
    }

    fn put(&mut self, table: OldTable, row: &Row, fate: Fate) -> Result<(), SampleError> {
        if !self.inserters.contains_key(&table) {
            self.inserters.insert(table, self.writer.inserter(table)?);
        }
        if let Some(inserter) = self.inserters.get_mut(&table) {
            inserter.insert(row)?;
        }
        if matches!(fate, Fate::Guild(_)) {
            self.evidence.note(table, row);
        }
        self.truth.count(table, fate);
        self.progress.advance(1);
        Ok(())
    }

    fn fixed_rows(&mut self) -> Result<(), SampleError> {
        let world = self.world;
        for (at, guild) in world.guilds.iter().enumerate() {
            let fate = Fate::Guild(guild.id);
            let h = Happening {
                guild,
                ms: NOW_MS - SPAN_MS,
                nth: at as u64,
            };
            if guild.registered {
                let row = rows::guild(guild, &mut self.random);
                self.put(OldTable::Guilds, &row, fate)?;
            }
            if has_subscription(guild) {
                let row = rows::subscription(h, &mut self.random);
                self.put(OldTable::GuildSubscriptions, &row, fate)?;
            }
            if !guild.bare {
                self.put(OldTable::HoneypotConfig, &rows::honeypot(guild), fate)?;
                let row = rows::reactji(h, 0, &mut self.random);
                self.put(OldTable::ReactjiChannelerConfig, &row, fate)?;
            }
        }
        Ok(())
    }

    /// The nth of `count` rows of a table that grows with the sample.
    fn growing_row(&mut self, table: OldTable, nth: u64, count: u64) -> Result<(), SampleError> {
        let world = self.world;
        let place = world.draw(&mut self.random);
        let since = i128::from(SPAN_MS) * i128::from(nth) / i128::from(count.max(1));
        let ms = NOW_MS - SPAN_MS + i64::try_from(since).unwrap_or_default();
        let h = Happening {
            guild: &world.guilds[place],
            ms,
            nth,
        };
        let random = &mut self.random;
        let mut fate = Fate::Guild(h.guild.id);
        let row = match table {
            OldTable::MessageStats => rows::message_stats(h, random),
            OldTable::MessageCache => rows::message_cache(h, random),
            OldTable::ReportedMessages => rows::report(h, random),
            OldTable::ModActions => rows::mod_action(h, random),
            OldTable::Escalations => {
                let key = random.uuid();
                self.escalations.push((key.clone(), place));
                rows::escalation(h, &key, random)
            }
            OldTable::EscalationRecords => {
                let (key, place) = random.pick(&self.escalations);
                let guild = &world.guilds[*place];
                fate = Fate::Guild(guild.id);
                rows::vote(Happening { guild, ..h }, key, random)
            }
            OldTable::Users => {
                fate = Fate::Global;
                rows::user(nth, random)
            }
            OldTable::Sessions => {
                fate = Fate::Dropped;
                rows::session(random)
            }
            _ => {
                let member = self.members.entry((table, place)).or_default();
                *member += 1;
                rows::thread(h, *member, random)
            }
        };
        self.put(table, &row, fate)
    }

    /// Last, when it is known which channels and roles some row ties to a guild.
    fn channels_and_tickets(&mut self, channels: u64) -> Result<(), SampleError> {
        let world = self.world;
        let no_guild = Fate::Quarantine(Refusal::NoGuild);
        for (at, guild) in world.guilds.iter().enumerate().filter(|(_, guild)| !guild.bare) {
            let row = rows::ticket(
                Happening {
                    guild,
                    ms: NOW_MS,
                    nth: at as u64,
                },
                &mut self.random,
            );
            let known = self.evidence.knows(&row[1]) || self.evidence.knows(&row[2]);
            self.put(
                OldTable::TicketsConfig,
                &row,
                if known { Fate::Guild(guild.id) } else { no_guild },
            )?;
        }
        let all = world
            .guilds
            .iter()
            .filter(|g| !g.bare)
            .flat_map(|g| g.channels.iter().map(move |c| (g, *c)));
        for (guild, channel) in all.take(usize::try_from(channels).unwrap_or(usize::MAX)) {
            let row = rows::channel_info(channel, &mut self.random);
            let known = self.evidence.knows(&row[0]);
            self.put(
                OldTable::ChannelInfo,
                &row,
                if known { Fate::Guild(guild.id) } else { no_guild },
            )?;
        }
        Ok(())
    }
}
