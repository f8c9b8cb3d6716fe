//! Ids as operators write them: with or without the kind in front.

use crate::domain::ids::{GuildId, GuildIdError};

/// A guild: `123` or `guild/123`, the way `-o name` prints it.
pub(super) fn guild(text: &str) -> Result<GuildId, GuildIdError> {
    text.strip_prefix("guild/").unwrap_or(text).parse()
}
