//! Who gives tickets to IDENTIFY, and the numbers of the sessions that begin with them.

use tokio::sync::oneshot;
use twilight_gateway::queue::Queue;

use super::{FleetTickets, LocalTickets};
use crate::domain::ids::{DiscordShardId, SessionNo};

/// The giver of tickets. Clones are the same one.
#[derive(Clone)]
pub enum Tickets {
    /// The pod itself: it is alone.
    Local(LocalTickets),
    /// Config, for the whole fleet.
    Fleet(FleetTickets),
}

impl Tickets {
    /// The number of the session that a READY begins, where the one before had the number `before`.
    pub(super) fn session_no(&self, shard: DiscordShardId, before: SessionNo) -> SessionNo {
        match self {
            Self::Local(_) => before.next(),
            Self::Fleet(tickets) => tickets.granted(shard).unwrap_or_else(|| before.next()),
        }
    }
}

impl Queue for Tickets {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        match self {
            Self::Local(tickets) => tickets.enqueue(shard),
            Self::Fleet(tickets) => tickets.enqueue(shard),
        }
    }
}
