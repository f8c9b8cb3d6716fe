//! Parts of paths, queries and bodies that need a word of their own when they are wrong.

use crate::domain::ids::{DiscordShardId, GuildId, NumShards, PodId, Revision};
use crate::runtime::problem::Problem;

/// A guild in a path.
pub(super) fn guild(text: &str) -> Result<GuildId, Problem> {
    text.parse().map_err(|error: crate::domain::ids::GuildIdError| {
        Problem::bad_request(error.to_string()).hint("a guild id is a Discord snowflake: 1 to 19 digits")
    })
}

/// A pod in a path.
pub(super) fn pod(text: &str) -> Result<PodId, Problem> {
    text.parse()
        .map_err(|error: crate::domain::ids::PodIdError| Problem::bad_request(error.to_string()))
}

/// A Discord shard in a path: a number that some count of shards allows. Whether the fleet has it is for the
/// store to say.
pub(super) fn discord_shard(text: &str) -> Result<DiscordShardId, Problem> {
    let most = NumShards::new(16_384).ok();
    text.parse()
        .ok()
        .and_then(|number| most?.shard(number))
        .ok_or_else(|| Problem::bad_request(format!("{text:?} is no Discord shard: 0 to 16383")))
}

/// A text of a body: not empty unless it may be, and not endless.
pub(super) fn text(name: &str, value: &str, lengths: std::ops::RangeInclusive<usize>) -> Result<(), Problem> {
    if lengths.contains(&value.len()) {
        return Ok(());
    }
    let (least, most) = (lengths.start(), lengths.end());
    Err(Problem::bad_request(format!(
        "{name} has {} bytes: {least} to {most} are allowed",
        value.len()
    )))
}

/// A rate of a body.
pub(super) fn rate(name: &str, value: f32) -> Result<(), Problem> {
    if value.is_finite() && value >= 0.0 {
        Ok(())
    } else {
        Err(Problem::bad_request(format!("{name} must be zero or more")))
    }
}

/// The highest revision that a caller can have seen. Recoveries and their jumps are far below it; a higher
/// one is a mistake, and believing it would leave no room for the next jump.
const MOST_REVISIONS: u64 = 1 << 53;

/// A revision that a caller says it has seen.
pub(in crate::config_service) fn revision(name: &str, value: Revision) -> Result<(), Problem> {
    if value.get() <= MOST_REVISIONS {
        Ok(())
    } else {
        Err(Problem::bad_request(format!(
            "{name}: no store has come to revision {value}"
        )))
    }
}

/// A list of a body.
pub(super) fn count(name: &str, count: usize, most: usize) -> Result<(), Problem> {
    if (1..=most).contains(&count) {
        Ok(())
    } else {
        Err(Problem::bad_request(format!(
            "{name} has {count} entries: 1 to {most} are allowed"
        )))
    }
}
