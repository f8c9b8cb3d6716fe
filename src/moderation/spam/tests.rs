//! Messages judged as a whole, and what is done about them.

use super::*;
use crate::domain::discord_event::{ChannelId, RoleId, UserId};
use crate::domain::outbox::Kind;
use crate::moderation::{GuildSettings, KnownAuthor, KnownThread};

/// The first snowflake of 2026: young accounts are those of this time.
const NOW: i64 = 1_456_027_951_104_000_000;

/// A message with these fields, for a closure to look at: what is read borrows from the text.
pub(super) fn message(fields: &str) -> impl Fn(&dyn Fn(&Message<'_>)) + use<> {
    let data =
        format!(r#"{{"id":"{NOW}","channel_id":"8","author":{{"id":"9","username":"ann"}},{fields}}}"#);
    move |look| {
        let message: Message<'_> = serde_json::from_str(&data).unwrap();
        look(&message);
    }
}

/// The signals of a text by one rule.
pub(super) fn scored(rule: fn(&str, &mut Vec<Signal>), text: &str) -> Vec<(&'static str, i32)> {
    let mut found = Vec::new();
    rule(text, &mut found);
    // Names are few, and tests are short.
    let name =
        |signal: Signal| -> (&'static str, i32) { (Box::leak(signal.name.into_boxed_str()), signal.score) };
    found.into_iter().map(name).collect()
}

fn score(fields: &str) -> i32 {
    let found = std::cell::Cell::new(0);
    message(fields)(&|message| found.set(judge(message, &[], false).score()));
    found.get()
}

#[test]
fn signals_add_up_over_all_that_is_said() {
    assert_eq!(score(r#""content":"hello""#), 0);
    assert_eq!(score(r#""content":"@everyone free nitro""#), 7);
    // In an embed, and in what is forwarded.
    assert_eq!(
        score(r#""content":"","embeds":[{"title":"free","description":"nitro"}]"#),
        2
    );
    assert_eq!(
        score(r#""content":"","message_snapshots":[{"message":{"content":"@everyone free nitro"}}]"#),
        7
    );
    assert_eq!(score(r#""content":"hiring: free steam gift, @here""#), -2);
}

fn known(spam_reports: u32) -> Known {
    Known {
        settings: GuildSettings {
            restricted: RoleId::from_i64(77),
            ..GuildSettings::default()
        },
        author: Some(KnownAuthor {
            roles_known: true,
            spam_reports,
            ..KnownAuthor::default()
        }),
        thread: KnownThread::None,
        ..Known::default()
    }
}

fn acts(content: &str, known: &Known) -> (Vec<Kind>, usize) {
    let data = format!(
        r#"{{"id":"{NOW}","channel_id":"8","author":{{"id":"9","username":"ann"}},"content":"{content}"}}"#
    );
    let event = Event::parse("MESSAGE_CREATE", &data).unwrap().unwrap();
    let mut changes = Vec::new();
    decide(&event, known, &mut changes);
    let kinds = changes.iter().filter_map(|change| match change {
        Change::Act(planned) => Some(planned.action.kind()),
        _ => None,
    });
    let reports = changes
        .iter()
        .filter(|change| matches!(change, Change::Reported(_)));
    (kinds.collect(), reports.count())
}

#[test]
fn each_tier_has_its_measures() {
    use Kind::{Ban, DeleteMessage, GiveRole, Kick, TimeOut, Unban};
    let medium = "@everyone @here";
    let high = "@everyone @here free nitro gift claim steam";
    for (content, reports, expected) in [
        ("hello", 0, (vec![], 0)),
        ("@everyone nitro", 0, (vec![], 1)),
        (medium, 0, (vec![DeleteMessage, GiveRole], 1)),
        (medium, 9, (vec![DeleteMessage, GiveRole], 1)),
        (high, 0, (vec![DeleteMessage, TimeOut], 1)),
        (high, 1, (vec![DeleteMessage, TimeOut], 1)),
        (high, 2, (vec![DeleteMessage, TimeOut, Kick], 1)),
    ] {
        assert_eq!(acts(content, &known(reports)), expected, "{content} {reports}");
    }
    let mut honeypot = known(0);
    if let Some(author) = &mut honeypot.author {
        author.in_honeypot = true;
    }
    assert_eq!(acts("hello", &honeypot), (vec![Ban, Unban], 1));
    // A guild whose roles nobody knows: its moderators are told, and nobody is punished.
    let mut unknown = known(0);
    if let Some(author) = &mut unknown.author {
        author.roles_known = false;
    }
    assert_eq!(acts(high, &unknown), (vec![], 1));
    // Nothing is looked at where nobody asked for the author.
    assert_eq!(acts(high, &Known::default()), (vec![], 0));
}

#[test]
fn a_report_is_told_in_the_authors_thread() {
    let mut with_log = known(0);
    with_log.settings.mod_log = ChannelId::from_i64(55);
    assert_eq!(acts("@everyone nitro", &with_log), (vec![Kind::Post], 1));
    with_log.thread = KnownThread::Is(ChannelId::from_i64(66).unwrap());
    assert_eq!(acts("@everyone nitro", &with_log), (vec![Kind::Post], 1));
    with_log.thread = KnownThread::Coming(Vec::new());
    assert_eq!(
        acts("@everyone nitro", &with_log),
        (vec![], 1),
        "it waits for the thread"
    );
}

#[test]
fn bots_webhooks_and_discord_itself_are_not_looked_at() {
    for (fields, looked_at) in [
        (r#""content":"""#, true),
        (r#""content":"","type":19"#, true),
        (r#""content":"","type":7"#, false),
        (r#""content":"","webhook_id":"5""#, false),
    ] {
        message(fields)(&|message| assert_eq!(is_looked_at(message, true), looked_at, "{fields}"));
        message(fields)(&|message| assert!(!is_looked_at(message, false)));
    }
    assert_eq!(UserId::from_i64(0), None);
}
