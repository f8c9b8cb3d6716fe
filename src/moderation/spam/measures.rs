//! What is done about a tier.

use super::{Tier, Verdict};
use crate::domain::discord_event::Message;
use crate::domain::outbox::{Action, Planned, ThreadLog};
use crate::moderation::threads::{self, Entry};
use crate::moderation::{Change, Known, KnownAuthor, Report};

/// How long a spammer may not speak, in milliseconds.
const TIMEOUT_MS: i64 = 20 * 60 * 60 * 1000;
/// So many spam messages, this one included, and the author is removed.
const KICKED_FROM: u32 = 3;
/// What goes of somebody who wrote in a honeypot, in seconds: the most that Discord allows.
const HONEYPOT_DELETES_S: u32 = 604_800;

pub(super) fn take(
    message: &Message<'_>,
    verdict: &Verdict,
    known: &Known,
    author: &KnownAuthor,
    changes: &mut Vec<Change<'_>>,
) {
    let tier = verdict.tier();
    if tier == Tier::None {
        return;
    }
    // Where nobody knows who the moderators are nobody is punished.
    if author.roles_known {
        let reason = format!("spam: score {} ({})", verdict.score(), tier.as_str());
        let at_ms = message.id.created_at_ms();
        let acts = actions(tier, message, known, author).into_iter();
        changes.extend(acts.map(|action| Change::Act(Planned::new(action, at_ms).because(&reason))));
    }
    report(message, verdict, known, changes);
}

fn actions(tier: Tier, message: &Message<'_>, known: &Known, author: &KnownAuthor) -> Vec<Action> {
    let user = message.author.id;
    let delete = Action::DeleteMessage {
        channel: message.channel_id,
        message: message.id,
    };
    match tier {
        Tier::None | Tier::Low => Vec::new(),
        Tier::Medium => {
            let restrict = known
                .settings
                .restricted
                .map(|role| Action::GiveRole { user, role });
            std::iter::once(delete).chain(restrict).collect()
        }
        Tier::High => {
            // Counted from the message, so that it ends at one moment however often it is asked for. It outlasts a kick.
            let until_ms = message.id.created_at_ms() + TIMEOUT_MS;
            let mut actions = vec![delete, Action::TimeOut { user, until_ms }];
            if author.spam_reports + 1 >= KICKED_FROM {
                actions.push(Action::Kick { user });
            }
            actions
        }
        // Out, with all that was said; a person whose account was stolen may come back.
        Tier::Honeypot => vec![
            Action::Ban {
                user,
                delete_seconds: HONEYPOT_DELETES_S,
            },
            Action::Unban { user },
        ],
    }
}

fn report(message: &Message<'_>, verdict: &Verdict, known: &Known, changes: &mut Vec<Change<'_>>) {
    let names: Vec<&str> = verdict
        .signals
        .iter()
        .map(|signal| signal.name.as_str())
        .collect();
    let tier = verdict.tier().as_str();
    let extra = format!("Score {} ({tier}): {}", verdict.score(), names.join(", "));
    let id = format!("spam-{}", message.id);
    changes.push(Change::Reported(Report {
        id: id.clone(),
        message: message.id,
        channel: message.channel_id,
        user: message.author.id,
        reason: "spam",
        staff: known.bot,
        extra: Some(extra.clone()),
        at_ms: message.id.created_at_ms(),
    }));
    let Some(place) = known.settings.mod_log else {
        return;
    };
    let content = threads::report_text(message, &extra);
    let entry = Entry {
        log: ThreadLog::Mod,
        place,
        user: message.author.id,
        name: message.author.username.as_deref(),
        content,
        report: Some(id),
        at_ms: message.id.created_at_ms(),
    };
    threads::add(entry, &known.thread, changes);
}
