//! Tickets to IDENTIFY, and the budget they are counted against.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{DiscordShardId, Epoch, Incarnation, PodId, SessionNo};

/// `POST /v1/identify/tickets`: a host wants to identify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketRequest {
    /// The host.
    pub pod: PodId,
    /// Its present life.
    pub incarnation: Incarnation,
    /// For which Discord shard.
    pub discord_shard: DiscordShardId,
    /// Under which host epoch it holds it.
    pub host_epoch: Epoch,
}

/// Leave to identify once. It is counted, used or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketAnswer {
    /// The number of the session that begins.
    pub session_no: SessionNo,
    /// How long the ticket may be used from the sending of the request, in milliseconds.
    pub valid_ms: i64,
    /// Identifies left until the reset, the reserve included.
    pub remaining: u32,
}

/// `PUT /v1/identify/budget`: what `/gateway/bot` said, under `session_start_limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetRequest {
    /// Who read it.
    pub pod: PodId,
    /// Identifies a day.
    pub total: u32,
    /// Of those, how many are left.
    pub remaining: u32,
    /// Milliseconds until the count starts anew.
    pub resets_in_ms: i64,
    /// Identifies that may be under way at once.
    pub max_concurrency: NonZeroU32,
}
