//! What the bot may do where.

use super::call::Call;
use super::error::ApiError;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::channel::Channel;
use crate::simulator::world::guild::Guild;
use crate::simulator::world::permissions::{self, ADMINISTRATOR, VIEW_CHANNEL};

impl Call<'_> {
    /// The guild of the path, where the bot is in it.
    pub(super) fn guild(&self) -> Result<&Guild, ApiError> {
        let id = self.id("guild_id")?;
        let guild = self.state.world.guilds.get(&id).ok_or(ApiError::GUILD)?;
        if guild.members.contains_key(&self.bot()) {
            Ok(guild)
        } else {
            Err(ApiError::ACCESS)
        }
    }

    /// The guild of the path, where the bot has `bits` in it.
    pub(super) fn guild_with(&self, bits: u64) -> Result<&Guild, ApiError> {
        let guild = self.guild()?;
        let has = self.state.world.bot_permissions(guild, None, self.now_ms());
        if has & bits == bits {
            Ok(guild)
        } else {
            Err(ApiError::PERMISSIONS)
        }
    }

    /// The guild channel of the path, where the bot sees it and has `bits` in it.
    pub(super) fn channel_with(&self, bits: u64) -> Result<(&Guild, &Channel), ApiError> {
        let id = self.id("channel_id")?;
        let guild = self.state.world.guild_of(id).ok_or(ApiError::CHANNEL)?;
        let channel = guild.channels.get(&id).ok_or(ApiError::CHANNEL)?;
        let has = self
            .state
            .world
            .bot_permissions(guild, Some(channel), self.now_ms());
        if has & VIEW_CHANNEL == 0 {
            Err(ApiError::ACCESS)
        } else if has & bits == bits {
            Ok((guild, channel))
        } else {
            Err(ApiError::PERMISSIONS)
        }
    }

    /// Whether the channel of the path is a direct-message channel of the bot.
    pub(super) fn is_dm(&self) -> bool {
        self.id("channel_id")
            .is_ok_and(|id| self.state.world.dms.contains_key(&id))
    }

    /// The bot stands above `user` in `guild`.
    pub(super) fn outranks(&self, guild: &Guild, user: Snowflake) -> Result<(), ApiError> {
        let above = permissions::rank(guild, self.bot()) > permissions::rank(guild, user);
        if above { Ok(()) } else { Err(ApiError::PERMISSIONS) }
    }

    /// `user` is no administrator and not the owner: those cannot be timed out.
    pub(super) fn can_be_timed_out(&self, guild: &Guild, user: Snowflake) -> Result<(), ApiError> {
        let bits = permissions::of(guild, user, None, self.now_ms());
        if bits & ADMINISTRATOR == 0 {
            Ok(())
        } else {
            Err(ApiError::PERMISSIONS)
        }
    }
}
