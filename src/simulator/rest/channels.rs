//! Channels and threads as such.

use axum::http::StatusCode;

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::payload::channel;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::channel::{Channel, Overwrite, Thread};
use crate::simulator::world::permissions::{MANAGE_CHANNELS, MANAGE_THREADS, SEND_MESSAGES};

/// `GET /channels/{channel_id}`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    if call.is_dm() {
        let id = call.id("channel_id")?;
        let user = call.state.world.dms.get(&id).copied().unwrap_or_default();
        return Ok(Reply::Json(channel::dm(&call.state.world, id, user)));
    }
    let (_, found) = call.channel_with(0)?;
    Ok(Reply::Json(channel::json(&call.state.world, found)))
}

/// `name` of the body, 1 to 100 characters.
pub(super) fn name(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    let name: Option<String> = call.field("name")?;
    if name
        .as_ref()
        .is_some_and(|name| name.is_empty() || name.chars().count() > 100)
    {
        return Err(ApiError::form("name", "Must be between 1 and 100 in length."));
    }
    Ok(name)
}

/// `auto_archive_duration` of the body, one of Discord's four.
pub(super) fn auto_archive(call: &Call<'_>) -> Result<Option<u64>, ApiError> {
    let minutes: Option<u64> = call.field("auto_archive_duration")?;
    if minutes.is_some_and(|minutes| ![60, 1440, 4320, 10_080].contains(&minutes)) {
        return Err(ApiError::form(
            "auto_archive_duration",
            "Value must be one of {60, 1440, 4320, 10080}.",
        ));
    }
    Ok(minutes)
}

/// `POST /guilds/{guild_id}/channels`.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let guild = call.guild_with(MANAGE_CHANNELS)?.id;
    let name = name(call)?.ok_or_else(|| ApiError::form("name", "This field is required"))?;
    let kind: u8 = call.field("type")?.unwrap_or_default();
    let mut made = Channel::new(call.state.new_id(), kind, name);
    made.topic = call.field("topic")?;
    made.parent = call.field("parent_id")?;
    made.position = call.field("position")?.unwrap_or_default();
    made.overwrites = call.field("permission_overwrites")?.unwrap_or_default();
    made.rate_limit_per_user = call.field("rate_limit_per_user")?.unwrap_or_default();
    let (id, by) = (made.id, call.by());
    call.state.add_channel(guild, made, &by);
    call.done(
        EffectKind::ChannelCreated,
        Done {
            channel: Some(id),
            target: Some(id),
            ..Done::default()
        },
    );
    let made = call.state.world.channel(id).ok_or(ApiError::CHANNEL)?;
    Ok(Reply::With(
        StatusCode::CREATED,
        channel::json(&call.state.world, made),
    ))
}

/// What a PATCH names.
#[derive(Debug)]
struct Edit {
    name: Option<String>,
    topic: Option<String>,
    rate_limit: Option<u64>,
    overwrites: Option<Vec<Overwrite>>,
    archived: Option<bool>,
    locked: Option<bool>,
    auto_archive: Option<u64>,
}

impl Edit {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        Ok(Self {
            name: name(call)?,
            topic: call.field("topic")?,
            rate_limit: call.field("rate_limit_per_user")?,
            overwrites: call.field("permission_overwrites")?,
            archived: call.field("archived")?,
            locked: call.field("locked")?,
            auto_archive: auto_archive(call)?,
        })
    }

    fn apply(self, channel: &mut Channel) {
        channel.name = self.name.unwrap_or_else(|| std::mem::take(&mut channel.name));
        channel.rate_limit_per_user = self.rate_limit.unwrap_or(channel.rate_limit_per_user);
        if let Some(thread) = &mut channel.thread {
            thread.archived = self.archived.unwrap_or(thread.archived);
            thread.locked = self.locked.unwrap_or(thread.locked);
            thread.auto_archive_minutes = self.auto_archive.unwrap_or(thread.auto_archive_minutes);
            return;
        }
        channel.topic = self.topic.or(channel.topic.take());
        channel.overwrites = self
            .overwrites
            .unwrap_or_else(|| std::mem::take(&mut channel.overwrites));
    }

    /// Whether an archived thread stays archived although something else is to change.
    fn needs_unarchiving(&self, thread: &Thread) -> bool {
        thread.archived && self.archived != Some(false) && self.archived != Some(true)
    }
}

/// `PATCH /channels/{channel_id}`. Of a thread its owner may change all but the lock.
pub(super) fn edit(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let id = call.id("channel_id")?;
    let edit = Edit::read(call)?;
    let (_, found) = call.channel_with(0)?;
    match &found.thread {
        Some(thread) => {
            if thread.owner != call.bot() || edit.locked.is_some() {
                call.channel_with(MANAGE_THREADS)?;
            }
            if edit.needs_unarchiving(thread) {
                return Err(ApiError::ARCHIVED);
            }
        }
        None => {
            call.channel_with(MANAGE_CHANNELS)?;
        }
    }
    let by = call.by();
    call.state.edit_channel(id, &by, |channel| edit.apply(channel));
    call.done(
        EffectKind::ChannelEdited,
        Done {
            channel: Some(id),
            target: Some(id),
            ..Done::default()
        },
    );
    let found = call.state.world.channel(id).ok_or(ApiError::CHANNEL)?;
    Ok(Reply::Json(channel::json(&call.state.world, found)))
}

/// `DELETE /channels/{channel_id}`.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (guild, found) = call.channel_with(0)?;
    let (guild, id): (Snowflake, Snowflake) = (guild.id, found.id);
    let bits = if found.thread.is_some() {
        MANAGE_THREADS
    } else {
        MANAGE_CHANNELS
    };
    call.channel_with(bits)?;
    let before = channel::json(&call.state.world, found);
    let by = call.by();
    call.state.delete_channel(id, &by);
    call.done(
        EffectKind::ChannelDeleted,
        Done {
            guild: Some(guild),
            channel: Some(id),
            target: Some(id),
            ..Done::default()
        },
    );
    Ok(Reply::Json(before))
}

/// `POST /channels/{channel_id}/typing`.
pub(super) fn typing(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    if !call.is_dm() {
        call.channel_with(SEND_MESSAGES)?;
    }
    Ok(Reply::Nothing)
}
