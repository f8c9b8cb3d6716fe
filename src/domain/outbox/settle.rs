//! What is done next about an action that is open, and what a look-up says.
//!
//! | kind | how it is known whether it was done | when that cannot be known |
//! |---|---|---|
//! | post | the bot's own message comes back with the nonce; later the channel is looked through | sent again while Discord remembers the nonce; then listed |
//! | thread | it has its message's id: a second call is refused, and the thread is looked up | sent again |
//! | timeout, ban, unban, kick, role | the guild's audit log names the bot | sent again for a minute; then listed |
//! | deletion | deleting twice is refused with 404 | sent again |

use super::action::{Action, Kind, Planned};
use super::state::ActionState;
use crate::domain::discord_event::UserId;

/// How long after it may have been sent an action is sent again where nothing says whether it was done: a moderator may
/// have undone it since.
const UNKNOWN_PATIENCE_MS: i64 = 60 * 1000;
/// How long Discord certainly remembers an enforced nonce. Its documents say "a few minutes".
const NONCE_MS: i64 = 2 * 60 * 1000;

/// An open action, as far as that decides what is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What it is.
    pub kind: Kind,
    /// How far it has come.
    pub state: ActionState,
    /// When what caused it happened, in Unix milliseconds.
    pub caused_at_ms: i64,
    /// When it was first claimed here; none: by nobody that is remembered.
    pub claimed_at_ms: Option<i64>,
    /// After this moment it is too late.
    pub not_after_ms: i64,
    /// What a look-up said, where there was one.
    pub seen: Option<Seen>,
}

/// What a look-up said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It was not done.
    Not,
    /// The bot may not look.
    Hidden,
}

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookUp {
    /// In the guild's audit log, for entries of this type.
    AuditLog(u16),
    /// Whether there is a thread with its message's id.
    Thread,
    /// In its channel, for a message of the bot that says the same.
    Channel,
}

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send it.
    Send,
    /// Look it up.
    LookUp(LookUp),
    /// Nothing before this moment, in Unix milliseconds: the bot's own message may still come.
    WaitUntil(i64),
    /// It stays undone, or nobody knows: listed, with the reason.
    Dead(&'static str),
    /// It is settled, or somebody else's to settle.
    Nothing,
}

/// What is done next about an action; `replayed_by_ms` is when events from before this process are certainly all here.
pub fn next_step(standing: &Standing, now_ms: i64, replayed_by_ms: i64) -> Step {
    let late = now_ms >= standing.not_after_ms;
    match standing.state {
        ActionState::Done | ActionState::Dead | ActionState::Sending => Step::Nothing,
        ActionState::Pending if late => Step::Dead("it was too late to send it"),
        ActionState::Pending => Step::Send,
        ActionState::Unknown => unknown(standing, now_ms, replayed_by_ms),
    }
}

fn unknown(standing: &Standing, now_ms: i64, replayed_by_ms: i64) -> Step {
    let perhaps_sent_ms = standing.claimed_at_ms.unwrap_or(standing.caused_at_ms);
    let since = now_ms - perhaps_sent_ms;
    let late = now_ms >= standing.not_after_ms;
    match standing.kind {
        Kind::Post if now_ms < replayed_by_ms => Step::WaitUntil(replayed_by_ms),
        Kind::Post if since < NONCE_MS && !late => Step::Send,
        Kind::Post => match standing.seen {
            None => Step::LookUp(LookUp::Channel),
            Some(Seen::Not) if !late => Step::Send,
            Some(Seen::Not) => Step::Dead("it was too late to send it again"),
            Some(Seen::Hidden) => {
                Step::Dead("it may have been sent, and Discord does not remember its nonce any more")
            }
        },
        Kind::StartThread => match standing.seen {
            None => Step::LookUp(LookUp::Thread),
            Some(_) if late => Step::Dead("it was too late to send it again"),
            Some(_) => Step::Send,
        },
        Kind::DeleteMessage if late => Step::Dead("it was too late to send it again"),
        Kind::DeleteMessage => Step::Send,
        Kind::TimeOut | Kind::Kick | Kind::Ban | Kind::Unban | Kind::GiveRole => {
            match (standing.seen, standing.kind.audit_type()) {
                (None, Some(entries)) => Step::LookUp(LookUp::AuditLog(entries)),
                (Some(Seen::Not), _) if !late => Step::Send,
                (_, _) if late => Step::Dead("it was too late to send it again"),
                (_, _) if since < UNKNOWN_PATIENCE_MS => Step::Send,
                (_, _) => Step::Dead(
                    "it may have been done, and the bot may not read the audit log (VIEW_AUDIT_LOG)",
                ),
            }
        }
    }
}

/// An audit-log entry of the bot, of the type that was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditEntry {
    /// When Discord wrote it, in Unix milliseconds.
    pub created_at_ms: i64,
    /// Whom it is about.
    pub target: Option<UserId>,
    /// Until when a timeout is, in Unix milliseconds.
    pub until_ms: Option<i64>,
}

/// Whether an entry tells that the action was done: to its target, not before its cause, and for a timeout until the same
/// moment. The bot's clock is not asked: all times are Discord's.
pub fn found(planned: &Planned, entry: &AuditEntry) -> bool {
    let same = match planned.action {
        // Discord may cut what is below a second.
        Action::TimeOut { until_ms, .. } => entry
            .until_ms
            .is_some_and(|found_ms| (found_ms - until_ms).abs() < 1000),
        _ => true,
    };
    same && entry.target.is_some()
        && entry.target == planned.action.user()
        && entry.created_at_ms >= planned.caused_at_ms
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn standing(kind: Kind, state: ActionState) -> Standing {
        Standing {
            kind,
            state,
            caused_at_ms: 0,
            claimed_at_ms: Some(1000),
            not_after_ms: 15 * MINUTE,
            seen: None,
        }
    }

    #[test]
    fn what_was_never_sent_is_sent_until_it_is_too_late() {
        for kind in Kind::ALL {
            let pending = standing(kind, ActionState::Pending);
            assert_eq!(next_step(&pending, 15 * MINUTE - 1, 0), Step::Send);
            assert!(matches!(next_step(&pending, 15 * MINUTE, 0), Step::Dead(_)));
            for settled in [ActionState::Done, ActionState::Dead, ActionState::Sending] {
                assert_eq!(next_step(&standing(kind, settled), 0, 0), Step::Nothing);
            }
        }
    }

    #[test]
    fn a_message_waits_for_its_echo_and_is_sent_again_only_while_its_nonce_holds() {
        let post = standing(Kind::Post, ActionState::Unknown);
        assert_eq!(next_step(&post, 2000, 5000), Step::WaitUntil(5000));
        assert_eq!(next_step(&post, 5000, 5000), Step::Send);
        assert_eq!(next_step(&post, 1000 + 2 * MINUTE - 1, 0), Step::Send);
        let look = Step::LookUp(LookUp::Channel);
        assert_eq!(next_step(&post, 1000 + 2 * MINUTE, 0), look);
        // After a restore nobody remembers a claim: its cause's time counts.
        let forgotten = Standing {
            claimed_at_ms: None,
            ..post
        };
        assert_eq!(next_step(&forgotten, 2 * MINUTE, 0), look);
        let seen = |seen| Standing {
            seen: Some(seen),
            ..post
        };
        assert_eq!(next_step(&seen(Seen::Not), 14 * MINUTE, 0), Step::Send);
        assert!(matches!(
            next_step(&seen(Seen::Not), 15 * MINUTE, 0),
            Step::Dead(_)
        ));
        assert!(matches!(
            next_step(&seen(Seen::Hidden), 14 * MINUTE, 0),
            Step::Dead(_)
        ));
    }

    #[test]
    fn what_moderators_can_undo_is_looked_up_first() {
        for (kind, entries) in [
            (Kind::Kick, 20),
            (Kind::Ban, 22),
            (Kind::Unban, 23),
            (Kind::TimeOut, 24),
            (Kind::GiveRole, 25),
        ] {
            let unknown = standing(kind, ActionState::Unknown);
            assert_eq!(
                next_step(&unknown, 2000, 9000),
                Step::LookUp(LookUp::AuditLog(entries))
            );
            let seen = |seen| Standing {
                seen: Some(seen),
                ..unknown
            };
            assert_eq!(next_step(&seen(Seen::Not), 14 * MINUTE, 0), Step::Send);
            assert!(matches!(
                next_step(&seen(Seen::Not), 15 * MINUTE, 0),
                Step::Dead(_)
            ));
            assert_eq!(next_step(&seen(Seen::Hidden), 1000 + MINUTE - 1, 0), Step::Send);
            assert!(matches!(
                next_step(&seen(Seen::Hidden), 1000 + MINUTE, 0),
                Step::Dead(_)
            ));
        }
    }

    #[test]
    fn an_audit_entry_tells_of_the_very_action_or_of_another() {
        let user = UserId::from_i64;
        let timeout = Planned::new(
            Action::TimeOut {
                user: user(7).unwrap(),
                until_ms: 50_400,
            },
            5,
        );
        let entry = AuditEntry {
            created_at_ms: 5,
            target: user(7),
            until_ms: Some(50_000),
        };
        assert!(found(&timeout, &entry));
        for other in [
            AuditEntry {
                created_at_ms: 4,
                ..entry
            },
            AuditEntry {
                target: user(8),
                ..entry
            },
            AuditEntry {
                target: None,
                ..entry
            },
            AuditEntry {
                until_ms: Some(60_000),
                ..entry
            },
            AuditEntry {
                until_ms: None,
                ..entry
            },
        ] {
            assert!(!found(&timeout, &other), "{other:?}");
        }
        let kick = Planned::new(
            Action::Kick {
                user: user(7).unwrap(),
            },
            5,
        );
        assert!(found(
            &kick,
            &AuditEntry {
                until_ms: None,
                ..entry
            }
        ));
    }

    #[test]
    fn a_deletion_is_repeated_and_a_thread_looked_up() {
        let deletion = standing(Kind::DeleteMessage, ActionState::Unknown);
        assert_eq!(next_step(&deletion, 5 * MINUTE, 0), Step::Send);
        assert!(matches!(next_step(&deletion, 15 * MINUTE, 0), Step::Dead(_)));
        let thread = standing(Kind::StartThread, ActionState::Unknown);
        assert_eq!(next_step(&thread, 5 * MINUTE, 0), Step::LookUp(LookUp::Thread));
        let absent = Standing {
            seen: Some(Seen::Not),
            ..thread
        };
        assert_eq!(next_step(&absent, 5 * MINUTE, 0), Step::Send);
        assert!(matches!(next_step(&absent, 15 * MINUTE, 0), Step::Dead(_)));
    }
}
