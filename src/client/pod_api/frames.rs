//! Frames on their way from the host of a session to the owner of a guild.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::fence::Position;
use crate::domain::ids::{GuildId, Incarnation, PodId};

/// `POST /v1/frames`: frames of guilds that the receiver owns, those of one guild in order.
///
/// Sending the same frames again changes nothing: the owner passes over what its fence stands at or beyond.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FramesRequest {
    /// The host.
    pub from: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// The bot's own user id, which the owner hears only this way where it hosts no session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot_user_id: Option<String>,
    /// The frames.
    pub frames: Vec<ForwardedFrame>,
}

/// One frame.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForwardedFrame {
    /// Its guild.
    pub guild: GuildId,
    /// The Discord shard of its session.
    pub discord_shard: u32,
    /// Its place in the Discord shard's events.
    pub position: Position,
    /// The payload as Discord sent it; without its data where that is too large.
    pub raw: Box<RawValue>,
    /// The bytes of a payload that is larger than the owner takes: it becomes a dead frame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub too_large: Option<u64>,
}

/// What became of the frames, guild by guild.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FramesAnswer {
    /// Each guild of the request.
    pub guilds: Vec<GuildFrames>,
}

/// What became of one guild's frames.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuildFrames {
    /// The guild.
    pub guild: GuildId,
    /// Up to here the host may forget them; none: nothing was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_until: Option<Position>,
    /// Why nothing was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<FramesRefused>,
}

/// Why an owner takes no frames of a guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FramesRefused {
    /// It does not own the guild: ask config.
    NotOwned,
    /// It owns it and does not serve it now: try again later.
    NotServed,
}
