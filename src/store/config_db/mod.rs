//! The config store: which pod owns which guild, in PostgreSQL.
//!
//! Every change is one transaction that takes the store's one row first (see [`change`]), so revisions are
//! in commit order; every answer carries a [`StoreStamp`](crate::domain::store_stamp::StoreStamp). Instants
//! leave the store as Unix milliseconds, read on PostgreSQL's clock, the only clock that leases are kept by.

mod attach;
mod audit;
mod change;
mod check_url;
mod cleanup;
mod connection;
mod cross_guild;
mod discord_shards;
mod error;
mod guilds;
mod heartbeat;
mod history;
mod legacy_guilds;
mod millis;
mod moves;
mod owners;
mod place;
mod pods;
mod portal_users;
mod reach;
mod recovery;
mod schema;
mod stamp;
mod status;
mod tickets;
mod watch;

pub use attach::{ActiveMove, Assignment, Attach, Attached, OwnedGuild};
pub use audit::{AuditEntry, AuditFilter};
pub use change::By;
pub use cleanup::{CleanupKind, CleanupRow};
pub use connection::{ConfigDb, ConfigDbSettings};
pub use cross_guild::{CrossGuildEvent, Flag, FlagRule};
pub use discord_shards::{DiscordShardRow, Released, SessionCursor};
pub use error::{ErrorClass, StoreError};
pub use guilds::{GuildFilter, GuildRow};
pub use heartbeat::{GuildLoad, Heartbeat, HeartbeatAnswer, HostedSession};
pub use legacy_guilds::{ClaimState, ClaimedGuild, ExistingGuild, LegacyClaim};
pub use moves::{Claim, FlipOutcome, MoveEvent, MoveFilter, MoveRow, NewMove, WriteNote};
pub use owners::OwnedSince;
pub use place::{PlaceOutcome, Placed};
pub use pods::PodRow;
pub use portal_users::PortalUser;
pub use recovery::{FenceReport, RecoveryPod, RecoveryProgress};
pub use schema::{SchemaError, SchemaState};
pub use stamp::Stamped;
pub use status::StoreStatus;
pub use tickets::{BudgetReport, Ticket, TicketAsk, TicketOutcome};
pub use watch::{Announcements, ChangeEntry, ChangesSince, RevisionChanges};
