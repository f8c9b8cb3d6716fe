//! Actions and look-ups as calls. Source: Discord developer documentation, API version 10.

use serde_json::{Value, json};

use super::{Call, Method};
use crate::domain::discord_event::{ChannelId, UserId};
use crate::domain::ids::GuildId;
use crate::domain::outbox::{Action, ActionId, LookUp, Planned};
use crate::domain::rest_limits::RouteKey;

/// From which instant snowflakes count, in Unix milliseconds. Source: Discord, "Snowflakes".
const DISCORD_EPOCH_MS: i64 = 1_420_070_400_000;

/// The call that carries an action out.
pub fn request(guild: GuildId, id: ActionId, planned: &Planned) -> Call {
    let (method, route, path, body) = match &planned.action {
        Action::DeleteMessage { channel, message } => (
            Method::Delete,
            "DELETE /channels/{}/messages/{}",
            format!("/channels/{channel}/messages/{message}"),
            None,
        ),
        Action::TimeOut { user, until_ms } => (
            Method::Patch,
            "PATCH /guilds/{}/members/{}",
            format!("/guilds/{guild}/members/{user}"),
            Some(json!({ "communication_disabled_until": iso(*until_ms) })),
        ),
        Action::Kick { .. } | Action::Ban { .. } | Action::Unban { .. } | Action::GiveRole { .. } => {
            membership(guild, &planned.action)
        }
        Action::Post(post) => (
            Method::Post,
            "POST /channels/{}/messages",
            format!("/channels/{}/messages", post.channel),
            Some(json!({
                "allowed_mentions": { "parse": [] },
                "content": post.content,
                "enforce_nonce": true,
                "nonce": id.to_string(),
            })),
        ),
        Action::StartThread {
            channel,
            message,
            name,
            ..
        } => (
            Method::Post,
            "POST /channels/{}/messages/{}/threads",
            format!("/channels/{channel}/messages/{message}/threads"),
            Some(json!({ "name": name })),
        ),
    };
    call(guild, planned, method, route, (path, body))
}

/// The calls by which members go, come back, and get roles.
fn membership(guild: GuildId, action: &Action) -> (Method, &'static str, String, Option<Value>) {
    match action {
        Action::Kick { user } => (
            Method::Delete,
            "DELETE /guilds/{}/members/{}",
            format!("/guilds/{guild}/members/{user}"),
            None,
        ),
        Action::Ban { user, delete_seconds } => (
            Method::Put,
            "PUT /guilds/{}/bans/{}",
            format!("/guilds/{guild}/bans/{user}"),
            Some(json!({ "delete_message_seconds": delete_seconds })),
        ),
        Action::Unban { user } => (
            Method::Delete,
            "DELETE /guilds/{}/bans/{}",
            format!("/guilds/{guild}/bans/{user}"),
            None,
        ),
        Action::GiveRole { user, role } => (
            Method::Put,
            "PUT /guilds/{}/members/{}/roles/{}",
            format!("/guilds/{guild}/members/{user}/roles/{role}"),
            None,
        ),
        // Every other action has its arm above.
        _ => (Method::Get, "GET /guilds/{}", format!("/guilds/{guild}"), None),
    }
}

fn call(
    guild: GuildId,
    planned: &Planned,
    method: Method,
    route: &'static str,
    (path, body): (String, Option<Value>),
) -> Call {
    let major = planned.action.channel().map_or(guild.as_i64(), ChannelId::as_i64);
    Call {
        method,
        key: RouteKey { route, major },
        path,
        body,
        reason: planned.reason.clone().filter(|_| method != Method::Get),
    }
}

/// The call that looks up whether an action was done; none where there is nothing to look at.
pub fn look_up(guild: GuildId, planned: &Planned, what: LookUp, bot: Option<UserId>) -> Option<Call> {
    // From a moment before: an id is as old as its millisecond.
    let after = ((planned.caused_at_ms - DISCORD_EPOCH_MS).max(1) - 1) << 22;
    let (route, path) = match (what, &planned.action) {
        (LookUp::AuditLog(entries), _) => (
            "GET /guilds/{}/audit-logs",
            format!(
                "/guilds/{guild}/audit-logs?user_id={}&action_type={entries}&after={after}&limit=100",
                bot?
            ),
        ),
        (LookUp::Thread, Action::StartThread { message, .. }) => {
            ("GET /channels/{}", format!("/channels/{message}"))
        }
        (LookUp::Channel, Action::Post(post)) => (
            "GET /channels/{}/messages",
            format!("/channels/{}/messages?after={after}&limit=100", post.channel),
        ),
        _ => return None,
    };
    Some(call(guild, planned, Method::Get, route, (path, None)))
}

fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |at| at.to_string())
}
