//! Frames that another pod's session brought, for guilds that are owned here.

use std::sync::Arc;

use super::apply::{self, Placed};
use super::place::{Place, place};
use super::{Owner, Rules, forward};
use crate::domain::fence::{Access, Position};
use crate::domain::ids::{DiscordShardId, GuildId};
use crate::gateway_service::frame::Frame;
use crate::gateway_service::gaps::{self, Gap};
use crate::gateway_service::guilds::Standing;
use crate::store::shard_db::{WriteError, WriteTx};

/// A frame and its place.
#[derive(Debug)]
pub struct Delivered {
    /// The Discord shard of its session.
    pub shard: DiscordShardId,
    /// Its place in the Discord shard's events.
    pub at: Position,
    /// The frame.
    pub frame: Frame,
    /// The bytes of one that was too large to be sent: its data is missing.
    pub too_large: Option<u64>,
}

/// What became of a guild's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// All are in the file with their effects, up to this one.
    Kept(Position),
    /// The guild is not owned here.
    NotOwned,
    /// The guild is owned here and not served now.
    NotServed,
}

impl Owner {
    /// Applies frames of one guild, in order, all or none: a later frame must not stand for an earlier one that failed.
    /// Up to `gone_to` this pod has confirmed that it keeps the guild's frames: where the file stands before that, it is
    /// an older one, and a gap says what is missing in it.
    pub async fn deliver(
        &self,
        guild: GuildId,
        gone_to: Option<Position>,
        frames: Vec<Delivered>,
    ) -> Result<Delivery, WriteError> {
        let rules = Arc::clone(&self.rules);
        let work = move |tx: &WriteTx<'_>| deliver(tx, &rules, (guild, gone_to), &frames);
        let (delivery, lost) = self.db.writer().write("delivered frames", work).await?;
        self.wake_sender();
        if let Some(gap) = lost {
            tracing::error!(guild = %guild, from = %gap.from, to = %gap.to, "this pod had confirmed frames that its file does not have: it is an older one; they are lost, and a gap says so");
        }
        Ok(delivery)
    }

    /// Notes the bot's own id, where no session of this pod has told it.
    pub async fn note_bot(&self, id: String) -> Result<(), WriteError> {
        let work = move |tx: &WriteTx<'_>| {
            let sql = "INSERT INTO meta (key, value) VALUES ('bot_user_id', ?1) ON CONFLICT (key) DO NOTHING";
            Ok(tx.shard().execute(sql, [id]).map(drop)?)
        };
        self.db.writer().write("bot", work).await
    }
}

fn deliver(
    tx: &WriteTx<'_>,
    rules: &Rules,
    (guild, gone_to): (GuildId, Option<Position>),
    frames: &[Delivered],
) -> Result<(Delivery, Option<Gap>), WriteError> {
    let standing = rules.ownership.standing(guild);
    // One that this pod has not heard of may be its own a moment later.
    if matches!(standing, Standing::Elsewhere(_)) {
        return Ok((Delivery::NotOwned, None));
    }
    let fence = tx.fence(guild)?;
    let waiting = forward::is_waiting(tx.shard(), guild)?;
    let Place::Apply(epoch) = place(standing, fence.as_ref().map(|fence| &fence.state), waiting) else {
        return Ok((Delivery::NotServed, None));
    };
    let stood_at = fence.map(|fence| fence.progress.position).unwrap_or_default();
    let Some(last) = frames.last() else {
        return Ok((Delivery::Kept(stood_at), None));
    };
    let missing = gone_to.filter(|gone_to| *gone_to > stood_at).map(|to| Gap {
        guild: Some(guild),
        shard: last.shard,
        from: stood_at,
        to,
        reason: "frames that this pod had confirmed and its file does not have",
    });
    if let Some(gap) = &missing {
        gaps::note(tx.shard(), gap, rules.clock.unix_ms())?;
    }
    let mut kept = Position::default();
    for delivered in frames {
        let placed = Placed {
            guild,
            shard: delivered.shard,
            at: delivered.at,
            frame: &delivered.frame,
        };
        match delivered.too_large {
            None => apply::apply(tx, rules, placed, epoch)?,
            Some(bytes) => apply::set_aside(tx, rules, placed, epoch, bytes)?,
        };
        kept = kept.max(delivered.at);
    }
    // Past frames of which nothing was made too: what is confirmed is where the fence stands.
    tx.guild(guild, Access::Serve { epoch })?
        .advance(last.shard.get(), kept);
    Ok((Delivery::Kept(kept), missing))
}
