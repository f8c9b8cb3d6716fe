//! Each user's thread in a log: made once, whatever happens at the same time.
//!
//! The first entry posts a message in the log's channel; when Discord has answered, the thread is begun at that message,
//! and when that is answered, what waited is posted in it. As long as an entry waits, those that come join it: the row
//! that waits is what keeps a second thread from being begun, also over kills and moves.

use super::{Change, KnownThread};
use crate::domain::discord_event::{ChannelId, Message, MessageId, UserId};
use crate::domain::outbox::{Action, Planned, Post, Purpose, ThreadLog};

/// Characters of a quoted text.
const QUOTED: usize = 1200;
/// Characters of a thread's name that Discord takes.
const NAME: usize = 100;

/// Something for a user's thread.
pub(super) struct Entry<'e> {
    pub(super) log: ThreadLog,
    /// The log's channel.
    pub(super) place: ChannelId,
    pub(super) user: UserId,
    pub(super) name: Option<&'e str>,
    pub(super) content: String,
    pub(super) report: Option<String>,
    /// When what it tells of happened, in Unix milliseconds.
    pub(super) at_ms: i64,
}

/// Posts an entry, or lets it wait for the thread, which is begun where nobody does so yet.
pub(super) fn add(entry: Entry<'_>, thread: &KnownThread, changes: &mut Vec<Change<'_>>) {
    let Entry { log, user, .. } = entry;
    let purpose = Purpose::InThread {
        log,
        user,
        report: entry.report,
    };
    let post = |channel| Post {
        channel,
        content: entry.content.clone(),
        purpose: purpose.clone(),
    };
    match thread {
        KnownThread::Is(thread) => {
            changes.push(Change::Act(Planned::new(
                Action::Post(post(*thread)),
                entry.at_ms,
            )));
        }
        KnownThread::Coming(_) => changes.push(Change::PostWaits(log, user, post(entry.place))),
        KnownThread::None => {
            changes.push(Change::PostWaits(log, user, post(entry.place)));
            changes.push(begin(log, entry.place, user, entry.name, entry.at_ms));
        }
    }
}

/// The message that a thread begins at.
fn begin(log: ThreadLog, place: ChannelId, user: UserId, name: Option<&str>, at_ms: i64) -> Change<'static> {
    let who = name.map_or_else(|| user.to_string(), str::to_owned);
    let what = match log {
        ThreadLog::Mod => "logs",
        ThreadLog::Deletions => "messages",
    };
    let post = Post {
        channel: place,
        content: format!("<@{user}> ({who}): {what}"),
        purpose: Purpose::Thread {
            log,
            user,
            name: format!("{who} {what}").chars().take(NAME).collect(),
        },
    };
    Change::Act(Planned::new(Action::Post(post), at_ms))
}

/// What became of an action, for what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It is done; the message or thread that came of it, where one did.
    Done(Option<MessageId>),
    /// It will not be done.
    Not {
        /// Where it should have happened is gone.
        place_gone: bool,
    },
}

/// Whose thread an action's end is about.
pub fn thread_of(action: &Action) -> Option<(ThreadLog, UserId)> {
    let purpose = match action {
        Action::Post(post) => &post.purpose,
        Action::StartThread { purpose, .. } => purpose,
        _ => return None,
    };
    match purpose {
        Purpose::Nothing => None,
        Purpose::Thread { log, user, .. } | Purpose::InThread { log, user, .. } => Some((*log, *user)),
    }
}

/// What follows from the end of an action; `place` is the channel of its log, `at_ms` now. What follows is as old as what
/// caused the action.
pub fn ended<'a>(
    planned: &Planned,
    ended: Ended,
    thread: &KnownThread,
    place: Option<ChannelId>,
    at_ms: i64,
) -> Vec<Change<'a>> {
    let caused_at_ms = planned.caused_at_ms;
    let plan = |action| Change::Act(Planned::new(action, caused_at_ms));
    let Some((log, user)) = thread_of(&planned.action) else {
        return Vec::new();
    };
    match (&planned.action, ended) {
        (Action::Post(post), Ended::Done(Some(message))) => match &post.purpose {
            Purpose::Thread { name, .. } => vec![plan(Action::StartThread {
                channel: post.channel,
                message,
                name: name.clone(),
                purpose: post.purpose.clone(),
            })],
            Purpose::InThread {
                report: Some(report), ..
            } => vec![Change::ReportLogged {
                report: report.clone(),
                channel: post.channel,
                message,
            }],
            _ => Vec::new(),
        },
        (Action::StartThread { message, .. }, Ended::Done(_)) => {
            let Some(thread_id) = ChannelId::from_i64(message.as_i64()) else {
                return Vec::new();
            };
            let mut changes = vec![Change::ThreadMade(log, user, thread_id, at_ms)];
            if let KnownThread::Coming(posts) = thread {
                changes.push(Change::WaitingGone(log, user));
                changes.extend(posts.iter().map(|post| {
                    plan(Action::Post(Post {
                        channel: thread_id,
                        ..post.clone()
                    }))
                }));
            }
            changes
        }
        (Action::Post(post), Ended::Not { place_gone: true })
            if matches!(post.purpose, Purpose::InThread { .. }) =>
        {
            again(post, (log, user), thread, place, caused_at_ms)
        }
        // Without its thread nothing that waits can be said, and nothing may wait for ever.
        (Action::Post(post), Ended::Not { .. }) if matches!(post.purpose, Purpose::Thread { .. }) => {
            vec![Change::WaitingGone(log, user)]
        }
        (Action::StartThread { .. }, Ended::Not { .. }) => vec![Change::WaitingGone(log, user)],
        _ => Vec::new(),
    }
}

/// A user's thread was deleted: a new one is begun, unless that was done meanwhile.
fn again<'a>(
    post: &Post,
    (log, user): (ThreadLog, UserId),
    thread: &KnownThread,
    place: Option<ChannelId>,
    at_ms: i64,
) -> Vec<Change<'a>> {
    let Some(place) = place else {
        return Vec::new();
    };
    match thread {
        KnownThread::Is(thread) if *thread != post.channel => {
            let moved = Post {
                channel: *thread,
                ..post.clone()
            };
            vec![Change::Act(Planned::new(Action::Post(moved), at_ms))]
        }
        KnownThread::Is(_) | KnownThread::None => vec![
            Change::ThreadForgotten(log, user),
            Change::PostWaits(log, user, post.clone()),
            begin(log, place, user, None, at_ms),
        ],
        KnownThread::Coming(_) => vec![Change::PostWaits(log, user, post.clone())],
    }
}

/// How a report stands in its thread: where, whose, why, and what was said.
pub(super) fn report_text(message: &Message<'_>, why: &str) -> String {
    let mut text = format!(
        "<@{}> in <#{}>, message {}\n{why}",
        message.author.id, message.channel_id, message.id
    );
    let forwarded = message
        .message_snapshots
        .first()
        .map(|snapshot| &snapshot.message.content);
    let said = forwarded
        .filter(|_| message.content.is_empty())
        .unwrap_or(&message.content);
    if !said.is_empty() {
        text.push('\n');
        text.push_str(&quoted(said));
    }
    let files = message.attachments.len();
    if files > 0 {
        text.push_str("\nattachments: ");
        text.push_str(&files.to_string());
    }
    text
}

/// A text as Discord shows quotations, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(QUOTED).collect();
    let lines: Vec<String> = cut.lines().map(|line| format!("> {line}")).collect();
    // Each line grows by two.
    lines.join("\n").chars().take(QUOTED + 400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        UserId::from_i64(9).unwrap()
    }

    fn channel(id: i64) -> ChannelId {
        ChannelId::from_i64(id).unwrap()
    }

    fn entry(content: &str) -> Entry<'static> {
        Entry {
            log: ThreadLog::Mod,
            place: channel(5),
            user: user(),
            name: Some("ann"),
            content: content.to_owned(),
            report: Some("r1".to_owned()),
            at_ms: 3,
        }
    }

    fn planned(change: &Change<'_>) -> Planned {
        match change {
            Change::Act(planned) => planned.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_thread_is_begun_once_and_what_waited_is_posted_in_it() {
        let mut changes = Vec::new();
        add(entry("one"), &KnownThread::None, &mut changes);
        let Change::PostWaits(ThreadLog::Mod, _, first) = &changes[0] else {
            panic!("{changes:?}");
        };
        let starter = planned(&changes[1]);
        let waiting = KnownThread::Coming(vec![first.clone()]);
        let mut second = Vec::new();
        add(entry("two"), &waiting, &mut second);
        assert!(
            matches!(second[..], [Change::PostWaits(..)]),
            "no second thread: {second:?}"
        );

        let made = Ended::Done(MessageId::from_i64(70));
        let next = ended(&starter, made, &waiting, Some(channel(5)), 9);
        let thread = planned(&next[0]);
        assert!(matches!(&thread.action, Action::StartThread { name, .. } if name == "ann logs"));
        assert_eq!(thread.caused_at_ms, 3, "as old as its cause");
        let next = ended(&thread, Ended::Done(None), &waiting, Some(channel(5)), 9);
        assert_eq!(
            next[0],
            Change::ThreadMade(ThreadLog::Mod, user(), channel(70), 9)
        );
        assert_eq!(next[1], Change::WaitingGone(ThreadLog::Mod, user()));
        let Action::Post(post) = planned(&next[2]).action else {
            panic!("{next:?}");
        };
        assert_eq!((post.channel, post.content.as_str()), (channel(70), "one"));

        let there = KnownThread::Is(channel(70));
        let posted = ended(
            &planned(&next[2]),
            Ended::Done(MessageId::from_i64(71)),
            &there,
            None,
            9,
        );
        assert!(matches!(&posted[..], [Change::ReportLogged { report, .. }] if report == "r1"));
    }

    #[test]
    fn a_thread_that_was_deleted_is_made_anew_and_one_that_cannot_be_made_is_not_waited_for() {
        let gone = Ended::Not { place_gone: true };
        let there = KnownThread::Is(channel(70));
        let mut changes = Vec::new();
        add(entry("one"), &there, &mut changes);
        let post = planned(&changes[0]);
        let next = ended(&post, gone, &there, Some(channel(5)), 9);
        assert!(
            matches!(
                next[..],
                [Change::ThreadForgotten(..), Change::PostWaits(..), Change::Act(_)]
            ),
            "{next:?}"
        );
        let moved = ended(&post, gone, &KnownThread::Is(channel(80)), Some(channel(5)), 9);
        assert!(matches!(&planned(&moved[0]).action, Action::Post(post) if post.channel == channel(80)));
        let refused = Ended::Not { place_gone: false };
        assert_eq!(ended(&post, refused, &there, Some(channel(5)), 9), []);

        let starter = planned(&next[2]);
        let waiting = KnownThread::Coming(Vec::new());
        assert_eq!(
            ended(&starter, gone, &waiting, Some(channel(5)), 9),
            [Change::WaitingGone(ThreadLog::Mod, user())]
        );
    }

    #[test]
    fn quotations_fit_into_a_message() {
        let long = "x\n".repeat(3000);
        assert!(quoted(&long).chars().count() <= 1600);
        assert_eq!(quoted("a\nb"), "> a\n> b");
    }
}
