//! Whose event it is.

use serde::Deserialize;

use super::{Misfit, misfit};
use crate::domain::ids::GuildId;

#[derive(Deserialize)]
struct InGuild {
    #[serde(default)]
    guild_id: Option<GuildId>,
}

#[derive(Deserialize)]
struct IsGuild {
    id: GuildId,
}

/// The guild that a dispatch belongs to, without reading the rest of its data; none for events of no guild.
pub fn guild_of(name: &str, data: &str) -> Result<Option<GuildId>, Misfit> {
    match name {
        "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE" => {
            misfit::read::<IsGuild>(name, data).map(|guild| Some(guild.id))
        }
        // Their data is no object, or names guilds without belonging to one.
        "READY" | "RESUMED" => Ok(None),
        _ => misfit::read::<InGuild>(name, data).map(|event| event.guild_id),
    }
}
