//! Actions that wait for each other, one after another.

use std::time::Duration;

use super::look::Looked;
use crate::client::discord::request;
use crate::domain::discord_event::MessageId;
use crate::domain::outbox::{ActionState, LookUp, Reply, Seen, Standing, Step, Verdict, judge, next_step};
use crate::gateway_service::host::Host;
use crate::gateway_service::owner::{Claim, OpenAction, Settled};
use crate::gateway_service::pause::Pause;
use crate::runtime::error_chain::Chain;
use crate::store::shard_db::WriteError;

/// Whether the lane goes on.
enum After {
    /// With the next action.
    Next,
    /// With the same one, at once.
    Again,
    /// With the same one, later.
    Later,
    /// Not now: the guild or the pod stands still.
    Stop,
}

/// An action with what was learnt about it here.
struct Work {
    action: OpenAction,
    seen: Option<Seen>,
}

/// Sends or settles each action, in order.
pub(super) async fn run(host: &Host, actions: Vec<OpenAction>) {
    for action in actions {
        match one(host, Work { action, seen: None }).await {
            Ok(After::Next) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "how far an action has come could not be written; it is looked at again");
                // Whatever is wrong with the file, it is not asked in a hurry.
                Pause::new(host.settings.retry_max).wait(&host.stop).await;
                return;
            }
        }
    }
}

async fn one(host: &Host, mut work: Work) -> Result<After, WriteError> {
    let mut pause = Pause::new(host.settings.retry_max);
    if work.action.state == ActionState::Sending {
        // No lane is at it: its outcome could not be written.
        let why = "its outcome could not be written down".to_owned();
        settle(host, &work.action, Settled::Unknown(why)).await?;
        work.action.state = ActionState::Unknown;
    }
    if let Some(answer) = &work.action.answer {
        let message = answer.parse().ok().and_then(MessageId::from_i64);
        settle(host, &work.action, Settled::Done(message)).await?;
        return Ok(After::Next);
    }
    loop {
        if host.stop.is_cancelled() || !host.lease.holds() {
            return Ok(After::Stop);
        }
        let after = match step(host, &work) {
            Step::Nothing => After::Next,
            Step::Dead(why) => dead(host, &work.action, why.to_owned(), false).await?,
            Step::WaitUntil(at_ms) => {
                wait_until(host, at_ms).await;
                // The bot's own message may have settled it meanwhile: it is read anew.
                After::Stop
            }
            Step::LookUp(what) => look(host, &mut work, what).await?,
            Step::Send => send(host, &mut work).await?,
        };
        match after {
            After::Again => {}
            After::Later => {
                pause.wait(&host.stop).await;
            }
            other => return Ok(other),
        }
    }
}

fn step(host: &Host, work: &Work) -> Step {
    let settle_wait = i64::try_from(host.sender.settings.settle_wait.as_millis()).unwrap_or(i64::MAX);
    let action = &work.action;
    let standing = Standing {
        kind: action.planned.action.kind(),
        state: action.state,
        caused_at_ms: action.planned.caused_at_ms,
        claimed_at_ms: action.claimed_at_ms,
        not_after_ms: action.planned.not_after_ms,
        seen: work.seen,
    };
    let replayed_by_ms = host.owner.began_at_ms().saturating_add(settle_wait);
    next_step(&standing, host.sender.clock.unix_ms(), replayed_by_ms)
}

async fn wait_until(host: &Host, at_ms: i64) {
    let wait_ms = u64::try_from(at_ms - host.sender.clock.unix_ms()).unwrap_or(0);
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
        () = host.stop.cancelled() => {}
    }
}

async fn settle(host: &Host, action: &OpenAction, settled: Settled) -> Result<(), WriteError> {
    let outcome = match &settled {
        Settled::Done(_) => "done",
        Settled::Again(_) => "again",
        Settled::Unknown(_) => "unknown",
        Settled::Dead { .. } => "dead",
    };
    host.owner.settle(action.guild, action.id, settled).await?;
    host.sender.metrics.count(action.planned.action.kind(), outcome);
    Ok(())
}

async fn dead(host: &Host, action: &OpenAction, why: String, place_gone: bool) -> Result<After, WriteError> {
    let kind = action.planned.action.kind().as_str();
    tracing::info!(guild = %action.guild, action = %action.id, kind, why, "an action will not be done");
    settle(host, action, Settled::Dead { why, place_gone }).await?;
    Ok(After::Next)
}

async fn look(host: &Host, work: &mut Work, what: LookUp) -> Result<After, WriteError> {
    let bot = host.owner.bot().await?;
    match host.sender.look(&work.action, what, bot).await {
        Looked::Done(message) => {
            settle(host, &work.action, Settled::Done(message)).await?;
            Ok(After::Next)
        }
        Looked::Seen(seen) => {
            work.seen = Some(seen);
            Ok(After::Again)
        }
        Looked::Again(why) => {
            tracing::debug!(action = %work.action.id, why, "whether an action was done cannot be looked up yet");
            Ok(After::Later)
        }
    }
}

/// Claims the action, asks Discord, and writes down what became of it.
async fn send(host: &Host, work: &mut Work) -> Result<After, WriteError> {
    let (sender, action) = (&host.sender, &work.action);
    let (guild, kind) = (action.guild, action.planned.action.kind());
    if let Some(why) = sender.refusals.of(guild, kind, sender.clock.boottime()) {
        return dead(
            host,
            action,
            format!("not tried, since a moment ago {why}"),
            false,
        )
        .await;
    }
    let call = request(guild, action.id, &action.planned);
    tokio::select! {
        () = sender.gate.pass(&call.key) => {}
        () = host.stop.cancelled() => return Ok(After::Stop),
    }
    let Some(_on_wire) = sender.wire.enter(guild) else {
        return Ok(After::Stop);
    };
    match host.owner.claim(guild, action.id).await? {
        Claim::Sending => {}
        Claim::Settled => return Ok(After::Next),
        Claim::NotServed => return Ok(After::Stop),
    }
    // The claim's sync took its time: the lease is asked right before the call.
    if !host.lease.holds() {
        let why = "the lease was over before it was sent".to_owned();
        settle(host, action, Settled::Again(why)).await?;
        return Ok(After::Stop);
    }
    let called = sender.rest.call(&call).await;
    sender.gate.told(&call.key, &called);
    let message = called.body["id"].as_str().and_then(|id| id.parse().ok());
    let message = message.and_then(MessageId::from_i64);
    after_call(host, work, (&called.reply, message)).await
}

async fn after_call(
    host: &Host,
    work: &mut Work,
    (reply, message): (&Reply, Option<MessageId>),
) -> Result<After, WriteError> {
    let action = &work.action;
    let kind = action.planned.action.kind();
    match judge(kind, reply) {
        Verdict::Done => {
            settle(host, action, Settled::Done(message)).await?;
            Ok(After::Next)
        }
        // Its id is its message's.
        Verdict::ThreadThere => {
            settle(host, action, Settled::Done(None)).await?;
            Ok(After::Next)
        }
        Verdict::Limited => {
            host.sender.metrics.count(kind, "limited");
            not_done(host, action, "Discord's rate limit".to_owned()).await?;
            Ok(After::Again)
        }
        Verdict::BadToken => {
            tracing::error!(
                "Discord does not accept the bot's token (MODBOT_DISCORD_TOKEN): nothing can be sent"
            );
            not_done(host, action, "the bot's token was not accepted".to_owned()).await?;
            Ok(After::Later)
        }
        Verdict::Again(why) => {
            not_done(host, action, why).await?;
            Ok(After::Later)
        }
        Verdict::Unknown(why) => {
            settle(host, action, Settled::Unknown(why)).await?;
            // The next look-up comes after this call.
            work.seen = None;
            work.action.state = ActionState::Unknown;
            work.action
                .claimed_at_ms
                .get_or_insert(host.sender.clock.unix_ms());
            Ok(After::Later)
        }
        Verdict::Refused {
            why,
            forbidden,
            place_gone,
        } => {
            if forbidden {
                let now = host.sender.clock.boottime();
                host.sender.refusals.note(action.guild, kind, now, &why);
            }
            dead(host, action, why, place_gone).await
        }
    }
}

/// This call has not done it; an earlier one may have.
async fn not_done(host: &Host, action: &OpenAction, why: String) -> Result<(), WriteError> {
    let settled = match action.state {
        ActionState::Unknown => Settled::Unknown(why),
        _ => Settled::Again(why),
    };
    settle(host, action, settled).await
}
