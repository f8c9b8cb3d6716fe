//! Looks whether an action was done.

use serde_json::Value;

use super::Sender;
use crate::client::discord::{Called, look_up};
use crate::domain::discord_event::{AuditEntryId, MessageId, UserId};
use crate::domain::outbox::{Action, AuditEntry, LookUp, Planned, Reply, Seen, found};
use crate::gateway_service::owner::OpenAction;

/// What a look-up tells.
pub(super) enum Looked {
    /// It was done; the message that came of it, where one did.
    Done(Option<MessageId>),
    /// It was not done, or that is hidden.
    Seen(Seen),
    /// No answer: it is worth asking again.
    Again(String),
}

/// Entries and messages in one look: where there are as many, others may be hidden behind them.
const PAGE: usize = 100;

impl Sender {
    pub(super) async fn look(&self, action: &OpenAction, what: LookUp, bot: Option<UserId>) -> Looked {
        let planned = &action.planned;
        let Some(call) = look_up(action.guild, planned, what, bot) else {
            return Looked::Seen(Seen::Hidden);
        };
        self.gate.pass(&call.key).await;
        let called = self.rest.call(&call).await;
        self.gate.told(&call.key, &called);
        read(planned, what, bot, &called)
    }
}

fn read(planned: &Planned, what: LookUp, bot: Option<UserId>, called: &Called) -> Looked {
    let Reply::Answer { status, .. } = &called.reply else {
        return Looked::Again(format!("{:?}", called.reply));
    };
    match (status, what) {
        (200, LookUp::AuditLog(_)) => audit_log(planned, &called.body),
        (200, LookUp::Thread) => Looked::Done(None),
        (200, LookUp::Channel) => channel(planned, bot, &called.body),
        (404, LookUp::Thread | LookUp::Channel) => Looked::Seen(Seen::Not),
        (401 | 429 | 500.., _) => Looked::Again(format!("Discord answered {status} when it was looked up")),
        _ => Looked::Seen(Seen::Hidden),
    }
}

fn list<'v>(body: &'v Value, key: Option<&str>) -> &'v [Value] {
    let list = key.map_or(body, |key| &body[key]);
    list.as_array().map_or(&[], Vec::as_slice)
}

fn id(value: &Value) -> Option<i64> {
    value.as_str()?.parse().ok()
}

fn audit_log(planned: &Planned, body: &Value) -> Looked {
    let entries = list(body, Some("audit_log_entries"));
    let told = entries.iter().filter_map(|entry| {
        let until = list(entry, Some("changes"))
            .iter()
            .find(|change| change["key"] == "communication_disabled_until")
            .and_then(|change| change["new_value"].as_str()?.parse::<jiff::Timestamp>().ok());
        Some(AuditEntry {
            created_at_ms: AuditEntryId::from_i64(id(&entry["id"])?)?.created_at_ms(),
            target: id(&entry["target_id"]).and_then(UserId::from_i64),
            until_ms: until.map(jiff::Timestamp::as_millisecond),
        })
    });
    if told.into_iter().any(|entry| found(planned, &entry)) {
        Looked::Done(None)
    } else {
        Looked::Seen(absent(entries))
    }
}

fn absent(seen: &[Value]) -> Seen {
    if seen.len() < PAGE {
        Seen::Not
    } else {
        Seen::Hidden
    }
}

fn channel(planned: &Planned, bot: Option<UserId>, body: &Value) -> Looked {
    let Action::Post(post) = &planned.action else {
        return Looked::Seen(Seen::Hidden);
    };
    let messages = list(body, None);
    let same = |message: &&Value| {
        let author = id(&message["author"]["id"]).and_then(UserId::from_i64);
        author.is_some() && author == bot && message["content"] == post.content.as_str()
    };
    match messages.iter().find(same).and_then(|message| id(&message["id"])) {
        Some(message) => Looked::Done(MessageId::from_i64(message)),
        None => Looked::Seen(absent(messages)),
    }
}
