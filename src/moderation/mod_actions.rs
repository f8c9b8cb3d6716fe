//! The moderators' own actions, as the audit log tells them: bans, kicks and timeouts given by hand. What the bot did
//! itself is in its own records.

use super::threads::{self, Entry};
use super::{Change, Known, ModAction, ModActionKind};
use crate::domain::discord_event::{AuditAction, Event, TimeoutChange};
use crate::domain::outbox::ThreadLog;

pub(super) fn decide<'a>(event: &'a Event<'_>, known: &Known, changes: &mut Vec<Change<'a>>) {
    let Event::AuditLogEntry(entry) = event else {
        return;
    };
    if entry.executor.is_some() && entry.executor == known.bot {
        return;
    }
    let at_ms = entry.id.created_at_ms();
    let (user, kind, duration) = match entry.action {
        AuditAction::Ban(user) => (user, ModActionKind::Ban, None),
        AuditAction::Unban(user) => (user, ModActionKind::Unban, None),
        AuditAction::Kick(user) => (user, ModActionKind::Kick, None),
        AuditAction::Timeout(user, TimeoutChange::Lifted) => (user, ModActionKind::TimeoutRemoved, None),
        AuditAction::Timeout(user, TimeoutChange::Until(until)) => {
            (user, ModActionKind::Timeout, Some(in_words(until - at_ms)))
        }
        AuditAction::Other(_) => return,
    };
    let action = ModAction {
        entry: entry.id,
        user,
        kind,
        executor: entry.executor,
        reason: entry.reason.as_deref(),
        duration,
        at_ms,
    };
    if let Some(place) = known.settings.mod_log {
        let told = Entry {
            log: ThreadLog::Mod,
            place,
            user,
            name: None,
            content: in_thread(&action),
            report: None,
            at_ms,
        };
        threads::add(told, &known.thread, changes);
    }
    changes.push(Change::ModActed(action));
}

/// How an action stands in the user's thread.
fn in_thread(action: &ModAction<'_>) -> String {
    let what = match action.kind {
        ModActionKind::Ban => "banned",
        ModActionKind::Unban => "unbanned",
        ModActionKind::Kick => "kicked",
        ModActionKind::Timeout => "timed out",
        ModActionKind::TimeoutRemoved => "allowed to speak again",
    };
    let long = action
        .duration
        .as_ref()
        .map(|long| format!(" for {long}"))
        .unwrap_or_default();
    let by = action
        .executor
        .map_or_else(|| "Discord".to_owned(), |executor| format!("<@{executor}>"));
    let mut text = format!("<@{}> was {what}{long} by {by}", action.user);
    if let Some(reason) = action.reason {
        text.push('\n');
        text.push_str(&threads::quoted(reason));
    }
    text
}

/// A length of time as people say it: `20 hours`, `1 day 2 hours`; whole minutes from one minute on.
fn in_words(ms: i64) -> String {
    let seconds = (ms.max(0) + 500) / 1000;
    if seconds < 59 {
        return counted(seconds, "second");
    }
    let minutes = (seconds + 30) / 60;
    let parts = [
        (minutes / 1440, "day"),
        (minutes % 1440 / 60, "hour"),
        (minutes % 60, "minute"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| counted(count, unit))
        .collect();
    words.join(" ")
}

fn counted(count: i64, unit: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::discord_event::UserId;

    /// The first entry id of 2026-01-01.
    const ENTRY: &str = "1456027951104000000";

    fn decided(rest: &str) -> Option<(&'static str, Option<String>)> {
        let data = format!(r#"{{"guild_id":"5","id":"{ENTRY}","target_id":"9",{rest}}}"#);
        let event = Event::parse("GUILD_AUDIT_LOG_ENTRY_CREATE", &data)
            .unwrap()
            .unwrap();
        let known = Known {
            bot: UserId::from_i64(4),
            ..Known::default()
        };
        let mut changes = Vec::new();
        decide(&event, &known, &mut changes);
        changes.pop().map(|change| match change {
            Change::ModActed(action) => (action.kind.as_str(), action.duration),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn what_people_did_is_kept_and_what_the_bot_did_is_not() {
        for (rest, expected) in [
            (r#""action_type":22,"user_id":"3""#, Some("ban")),
            (r#""action_type":22,"user_id":"4""#, None),
            (r#""action_type":22"#, Some("ban")),
            (r#""action_type":23,"user_id":"3""#, Some("unban")),
            (r#""action_type":20,"user_id":"3""#, Some("kick")),
            (r#""action_type":72,"user_id":"3""#, None),
            (
                r#""action_type":24,"user_id":"3","changes":[{"key":"nick","new_value":"x"}]"#,
                None,
            ),
            (
                r#""action_type":24,"user_id":"3","changes":[{"key":"communication_disabled_until","old_value":"x"}]"#,
                Some("timeout_removed"),
            ),
        ] {
            assert_eq!(decided(rest).map(|(kind, _)| kind), expected, "{rest}");
        }
    }

    #[test]
    fn a_timeout_says_how_long() {
        let until = (jiff::Timestamp::from_millisecond(
            crate::domain::discord_event::AuditEntryId::from_i64(ENTRY.parse().unwrap())
                .unwrap()
                .created_at_ms(),
        )
        .unwrap()
            + jiff::SignedDuration::from_hours(20))
        .to_string();
        let rest = format!(
            r#""action_type":24,"user_id":"3","changes":[{{"key":"communication_disabled_until","new_value":"{until}"}}]"#
        );
        assert_eq!(decided(&rest), Some(("timeout", Some("20 hours".to_owned()))));
        for (ms, words) in [
            (-5, "0 seconds"),
            (9_600, "10 seconds"),
            (59_700, "1 minute"),
            (72_000_000 - 800, "20 hours"),
            (90 * 60_000, "1 hour 30 minutes"),
            (25 * 3_600_000, "1 day 1 hour"),
            (28 * 86_400_000, "28 days"),
        ] {
            assert_eq!(in_words(ms), words, "{ms}");
        }
    }
}
