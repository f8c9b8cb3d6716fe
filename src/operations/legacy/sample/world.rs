//! The guilds of a sample: ids, sizes, channels, roles, and who has rows without being registered.

use super::random::Random;
use crate::domain::ids::GuildId;

/// "Now" of every sample, so that the same seed gives the same file: 2026-11-21T12:00:00Z.
pub(super) const NOW_MS: i64 = 1_795_262_400_000;
/// The oldest message of a sample: about 18 months before.
pub(super) const SPAN_MS: i64 = 540 * 86_400_000;

const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;
/// Sizes fall off with this power of the rank: the first of 1,000 guilds has about a sixth of all rows.
const SKEW: f64 = 1.07;

/// The snowflake of an instant; `low` makes it unique within its millisecond.
pub(super) const fn snowflake(ms: i64, low: u64) -> i64 {
    ((ms - DISCORD_EPOCH_MS) << 22) | (low & 0x3f_ffff).cast_signed()
}

/// One guild of a sample.
#[derive(Debug, Clone)]
pub(super) struct Guild {
    pub(super) id: GuildId,
    rank: u64,
    /// The id as text, as most columns hold it.
    pub(super) text: String,
    /// Whether it has a row in `guilds`.
    pub(super) registered: bool,
    /// Whether it has no row but that.
    pub(super) bare: bool,
    /// Its channels; the first is its log.
    pub(super) channels: Vec<i64>,
    /// The role of its moderators.
    pub(super) moderator: i64,
}

/// All guilds of a sample, and how often each is drawn.
#[derive(Debug)]
pub(super) struct World {
    pub(super) guilds: Vec<Guild>,
    /// Running sums of the weights, scaled to `u32::MAX`.
    cumulative: Vec<u64>,
}

impl World {
    /// A world of `count` guilds, at least one.
    ///
    /// Among them, where there are enough: a pair whose ids share a double, the id 2^63-1, unregistered ones and
    /// bare ones.
    pub(super) fn new(count: usize, random: &mut Random) -> Self {
        let mut guilds: Vec<Guild> = Vec::with_capacity(count);
        for at in 0..count {
            let birth = DISCORD_EPOCH_MS + 31_536_000_000 + random.below(300_000_000_000).cast_signed();
            // The rank in the low bits keeps ids apart whatever the instants are.
            let drawn = snowflake(birth, ((at as u64) << 3) | 1);
            let id = match at {
                2 if count > 3 => guilds[1].id.as_i64() + 1,
                3 if count > 4 => i64::MAX,
                _ => drawn,
            };
            // Every id here is a positive number.
            guilds.extend(GuildId::from_i64(id).map(|id| Guild::new(at, id, birth, random)));
        }
        let mut sum = 0.0;
        let cumulative: Vec<f64> = guilds
            .iter()
            .enumerate()
            .map(|(rank, guild)| {
                if !guild.bare {
                    sum += weight(rank);
                }
                sum
            })
            .collect();
        let cumulative = cumulative.iter().map(|part| scaled(part / sum)).collect();
        Self { guilds, cumulative }
    }

    /// The place of a guild, drawn by size.
    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let point = random.below(u64::from(u32::MAX));
        self.cumulative
            .partition_point(|until| *until <= point)
            .min(self.guilds.len() - 1)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rank")]
fn weight(rank: usize) -> f64 {
    ((rank + 1) as f64).powf(-SKEW)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share between 0 and 1"
)]
fn scaled(share: f64) -> u64 {
    (share * f64::from(u32::MAX)) as u64
}

impl Guild {
    fn new(at: usize, id: GuildId, birth: i64, random: &mut Random) -> Self {
        let bare = at % 11 == 8;
        let channels = (0..2 + 40 / (at + 2))
            .map(|nth| nth as u64)
            .map(|nth| snowflake(birth + 60_000 * (nth.cast_signed() + 1), ((at as u64) << 6) | nth));
        Self {
            id,
            rank: at as u64,
            text: id.to_string(),
            registered: bare || at % 7 != 5,
            bare,
            channels: channels.collect(),
            moderator: snowflake(
                birth + 1_000 + random.below(1_000).cast_signed(),
                ((at as u64) << 6) | 63,
            ),
        }
    }

    /// The nth member; guilds of neighbouring ranks share most of theirs.
    pub(super) const fn member(&self, nth: u64) -> i64 {
        let person = (nth + self.rank * 40) & 0x3f_ffff;
        snowflake(
            DISCORD_EPOCH_MS + 86_400_000 + (person * 1_009).cast_signed(),
            person,
        )
    }
}
