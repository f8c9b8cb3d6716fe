//! A driver: does what the machine says, and tells it what came of it. It may die anywhere.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::calls::{self, Addresses};
use super::error::MoveError;
use crate::client::pod_api::PodApi;
use crate::domain::guild_move::{Command, Ended, Event, GuildMove, Limits, Stage, Write, next};
use crate::domain::move_step::MoveStep;
use crate::runtime::clock::{Clock as _, SystemClock};
use crate::store::config_db::{By, ConfigDb, ErrorClass, FlipOutcome, MoveRow, StoreError, WriteNote};

/// How a driver works.
#[derive(Debug, Clone)]
pub struct MoverSettings {
    /// Who it is, as in `modbot-config-1`.
    pub name: String,
    /// How long its claim on a move lasts without being prolonged.
    pub lease: Duration,
    /// How often to try.
    pub limits: Limits,
    /// How long the source keeps its rows after the target serves.
    pub keep: Duration,
}

/// Drives moves. Cheap to clone.
#[derive(Clone)]
pub struct Mover {
    pub(super) db: ConfigDb,
    pub(super) pods: PodApi,
    pub(super) settings: MoverSettings,
}

/// How far a driver took a move.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driven {
    /// The row as it is.
    pub row: MoveRow,
    /// How it ended; `None`: it is held, or the driver was told to stop.
    pub ended: Option<Ended>,
}

/// A look at a move on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How far it is.
    pub step: MoveStep,
    /// Freezes that were given up.
    pub thaws: u32,
}

/// What a driver keeps about the move in hand.
struct Hand {
    row: MoveRow,
    at: Option<Addresses>,
    /// Since when the guild stands still.
    stopped: Option<Instant>,
    paused: Option<Duration>,
    renewed: Instant,
}

impl Mover {
    /// A driver; nothing is claimed yet.
    pub const fn new(db: ConfigDb, pods: PodApi, settings: MoverSettings) -> Self {
        Self { db, pods, settings }
    }

    pub(super) fn by(&self) -> By {
        By::daemon(&self.settings.name)
    }

    /// Claims a move and drives it on, until it has ended, is held, or `stop` is cancelled: then the driver stops where the
    /// guild does not stand still.
    ///
    /// # Errors
    /// [`MoveError::Driven`] where another driver has it. After an error the move is where its row says, and any
    /// driver may go on.
    pub async fn drive(
        &self,
        move_id: Uuid,
        first: Event,
        stop: &CancellationToken,
        on: &(dyn Fn(Seen) + Send + Sync),
    ) -> Result<Driven, MoveError> {
        if !self
            .db
            .claim_move(move_id, &self.settings.name, self.settings.lease)
            .await?
        {
            let driver = self.db.get_move(move_id).await?.value.driver;
            return Err(MoveError::Driven {
                move_id,
                driver: driver.unwrap_or_else(|| "nobody we know".to_owned()),
            });
        }
        let driven = self.drive_claimed(move_id, first, stop, on).await;
        // A lease that is not given back ends by itself.
        let _ = self.db.release_move(move_id, &self.settings.name).await;
        driven
    }

    pub(super) async fn drive_claimed(
        &self,
        move_id: Uuid,
        first: Event,
        stop: &CancellationToken,
        on: &(dyn Fn(Seen) + Send + Sync),
    ) -> Result<Driven, MoveError> {
        let row = self.db.get_move(move_id).await?.value;
        let mut it = row.found(self.settings.limits)?;
        let mut hand = Hand {
            stopped: stands_still(it.stage).then(|| since(row.updated_at_ms)),
            row,
            at: None,
            paused: None,
            renewed: Instant::now(),
        };
        let mut event = first;
        loop {
            let (now, commands) = next(&it, event);
            it = now;
            on(Seen {
                step: it.stage.step(),
                thaws: it.thaws,
            });
            if hand.row.is_held() || (stop.is_cancelled() && !stands_still(it.stage)) {
                let (row, ended) = (hand.row, None);
                return Ok(Driven { row, ended });
            }
            match self.perform(&it, commands.into(), &mut hand, stop).await? {
                Done::Event(next) => event = next,
                Done::End(ended) => {
                    let row = self.db.get_move(move_id).await?.value;
                    let ended = Some(ended);
                    return Ok(Driven { row, ended });
                }
            }
        }
    }

    /// Does all of it; the last one's answer is what happened.
    async fn perform(
        &self,
        it: &GuildMove,
        mut commands: VecDeque<Command>,
        hand: &mut Hand,
        stop: &CancellationToken,
    ) -> Result<Done, MoveError> {
        let mut event = Event::Begin;
        while let Some(command) = commands.pop_front() {
            self.renew(hand).await?;
            event = match command {
                Command::End(ended) => return Ok(Done::End(ended)),
                Command::Wait(pause) => {
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = stop.cancelled(), if !stands_still(it.stage) => {}
                    }
                    Event::Begin
                }
                Command::Read => self.read(hand).await?,
                Command::Write(write) => self.write(it, &write, hand).await?,
                Command::Call(call) => {
                    let at = self.addresses(hand).await?;
                    match Self::deadline(it, hand) {
                        Some(deadline) => timeout_at(deadline, calls::ask(&self.pods, &it.facts, &at, call))
                            .await
                            .unwrap_or(Event::BudgetSpent),
                        None => calls::ask(&self.pods, &it.facts, &at, call).await,
                    }
                }
            };
            if matches!(event, Event::Silent(_)) {
                // It may have moved.
                hand.at = None;
            }
            if event == Event::Done(crate::domain::guild_move::Answer::Serving) {
                hand.paused = hand.stopped.map(|since| since.elapsed());
            }
        }
        Ok(Done::Event(event))
    }

    /// When the pause has lasted long enough; never after the flip, where only going on ends it.
    fn deadline(it: &GuildMove, hand: &Hand) -> Option<Instant> {
        let budget = Duration::from_millis(hand.row.pause_budget_ms.into());
        let since = hand.stopped?;
        matches!(it.stage, Stage::Frozen { .. } | Stage::Verified { .. }).then(|| since + budget)
    }

    async fn renew(&self, hand: &mut Hand) -> Result<(), MoveError> {
        if hand.renewed.elapsed() < self.settings.lease / 3 || stands_still_before_flip(hand.row.active.step)
        {
            return Ok(());
        }
        let move_id = hand.row.active.move_id;
        match self
            .db
            .claim_move(move_id, &self.settings.name, self.settings.lease)
            .await
        {
            Ok(true) => hand.renewed = Instant::now(),
            Ok(false) => {
                let driver = "another driver".to_owned();
                return Err(MoveError::Driven { move_id, driver });
            }
            // Liveness only: the compare-and-sets keep two drivers apart.
            Err(error) if is_passing(&error) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn read(&self, hand: &mut Hand) -> Result<Event, MoveError> {
        match self.db.get_move(hand.row.active.move_id).await {
            Ok(row) => learned(hand, row.value),
            Err(error) if is_passing(&error) => Ok(Event::StoreSilent),
            Err(error) => Err(error.into()),
        }
    }

    async fn write(&self, it: &GuildMove, write: &Write, hand: &mut Hand) -> Result<Event, MoveError> {
        let (move_id, by) = (hand.row.active.move_id, self.by());
        let written = if *write == Write::Flip {
            match self.db.flip_move(move_id, it.stage, &by).await {
                Ok(outcome) => match outcome.value {
                    FlipOutcome::Row(row) => Ok(*row),
                    FlipOutcome::LivesChanged { pod, at_freeze, now } => {
                        tracing::warn!(%move_id, %pod, %at_freeze, %now, "a pod was started anew since the freeze");
                        return Ok(Event::LivesChanged);
                    }
                },
                Err(error) => Err(error),
            }
        } else {
            let paused = hand
                .paused
                .map(|paused| u32::try_from(paused.as_millis()).unwrap_or(u32::MAX));
            let note = WriteNote {
                paused_ms: paused,
                keep: self.settings.keep,
            };
            if *write == Write::Freeze {
                // From here on, and not from the answer: whoever waits for the guild counts this, too.
                hand.stopped = Some(Instant::now());
            }
            let written = self.db.write_move(move_id, it.stage, write, note, &by).await;
            written.map(|row| row.value)
        };
        match written {
            Ok(row) => learned(hand, row),
            Err(error) if is_passing(&error) => Ok(Event::StoreSilent),
            Err(error) => Err(error.into()),
        }
    }

    async fn addresses(&self, hand: &mut Hand) -> Result<Addresses, MoveError> {
        if let Some(at) = &hand.at {
            return Ok(at.clone());
        }
        let pods = self.db.pods().await?.value;
        let url = |pod| {
            let row = pods.iter().find(|row| row.pod == pod);
            row.map(|row| row.api_url.clone())
                .ok_or(StoreError::NoSuchPod(pod))
        };
        let at = Addresses {
            src: url(hand.row.active.src)?,
            dst: url(hand.row.active.dst)?,
        };
        hand.at = Some(at.clone());
        Ok(at)
    }
}

enum Done {
    Event(Event),
    End(Ended),
}

fn learned(hand: &mut Hand, row: MoveRow) -> Result<Event, MoveError> {
    let (stage, thaws) = (row.stage()?, row.thaws);
    if stands_still(stage) {
        hand.stopped.get_or_insert_with(Instant::now);
    } else {
        hand.stopped = None;
    }
    hand.row = row;
    Ok(Event::Row { stage, thaws })
}

/// Whether nobody serves the guild at this stage.
const fn stands_still(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::Frozen { .. } | Stage::Verified { .. } | Stage::Flipped { .. }
    )
}

const fn stands_still_before_flip(step: MoveStep) -> bool {
    matches!(step, MoveStep::Frozen | MoveStep::Verified)
}

/// When another driver's step was, by our clock: good enough for a budget.
fn since(unix_ms: i64) -> Instant {
    let ago = SystemClock.unix_ms().saturating_sub(unix_ms);
    let ago = Duration::from_millis(u64::try_from(ago).unwrap_or(0));
    Instant::now().checked_sub(ago).unwrap_or_else(Instant::now)
}

fn is_passing(error: &StoreError) -> bool {
    matches!(error.class(), ErrorClass::Unavailable | ErrorClass::Recovering)
}
