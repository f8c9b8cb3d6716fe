//! The table of routes, with paths as Discord's OpenAPI document writes them.

use super::call::Handler;
use super::limits::Limit;
use super::{
    audit_log, bans, bot, channels, commands, guilds, interactions, members, messages, reactions, threads,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// The bot, by its token; counts against the global limit.
    Bot,
    /// Whoever has the token in the path; no part of the global limit.
    TokenInPath,
}

/// A route.
pub(in crate::simulator) struct Route {
    /// `GET`, …
    pub(in crate::simulator) method: &'static str,
    /// `/channels/{channel_id}`.
    pub(in crate::simulator) path: &'static str,
    pub(super) access: Access,
    /// Discord tells its limits in headers only and changes them at will: these are orders of magnitude.
    pub(super) limit: Limit,
    pub(super) handler: Handler,
}

const fn route(method: &'static str, path: &'static str, limit: (u32, u64), handler: Handler) -> Route {
    let limit = Limit {
        requests: limit.0,
        window_ms: limit.1,
    };
    Route {
        method,
        path,
        access: Access::Bot,
        limit,
        handler,
    }
}

const fn open(method: &'static str, path: &'static str, limit: (u32, u64), handler: Handler) -> Route {
    Route {
        access: Access::TokenInPath,
        ..route(method, path, limit, handler)
    }
}

/// Requests and milliseconds.
const FEW: (u32, u64) = (2, 5000);
const FIVE: (u32, u64) = (5, 5000);
const TEN: (u32, u64) = (10, 10_000);
const QUICK: (u32, u64) = (5, 1000);
const REACT: (u32, u64) = (1, 250);
const MANY: (u32, u64) = (50, 1000);

/// Every route there is.
pub(in crate::simulator) const ROUTES: &[Route] = &[
    route("GET", "/gateway", MANY, bot::gateway),
    route("GET", "/gateway/bot", FEW, bot::gateway_bot),
    route("GET", "/users/@me", MANY, bot::me),
    route("GET", "/users/@me/guilds", FEW, bot::my_guilds),
    route("POST", "/users/@me/channels", TEN, bot::open_dm),
    route("DELETE", "/users/@me/guilds/{guild_id}", TEN, bot::leave_guild),
    route("GET", "/users/{user_id}", MANY, bot::user),
    route("GET", "/applications/@me", MANY, bot::application),
    route("GET", "/oauth2/applications/@me", MANY, bot::application),
    route(
        "GET",
        "/applications/{application_id}/commands",
        FIVE,
        commands::list,
    ),
    route(
        "POST",
        "/applications/{application_id}/commands",
        FIVE,
        commands::create,
    ),
    route(
        "PUT",
        "/applications/{application_id}/commands",
        FEW,
        commands::replace,
    ),
    route(
        "GET",
        "/applications/{application_id}/commands/{command_id}",
        FIVE,
        commands::get,
    ),
    route(
        "PATCH",
        "/applications/{application_id}/commands/{command_id}",
        FIVE,
        commands::edit,
    ),
    route(
        "DELETE",
        "/applications/{application_id}/commands/{command_id}",
        FIVE,
        commands::delete,
    ),
    route(
        "GET",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        FIVE,
        commands::list,
    ),
    route(
        "POST",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        FIVE,
        commands::create,
    ),
    route(
        "PUT",
        "/applications/{application_id}/guilds/{guild_id}/commands",
        FEW,
        commands::replace,
    ),
    route("GET", "/guilds/{guild_id}", QUICK, guilds::get),
    route("GET", "/guilds/{guild_id}/channels", QUICK, guilds::channels),
    route("POST", "/guilds/{guild_id}/channels", FIVE, channels::create),
    route("GET", "/guilds/{guild_id}/roles", QUICK, guilds::roles),
    route("GET", "/guilds/{guild_id}/emojis", QUICK, guilds::emojis),
    route(
        "GET",
        "/guilds/{guild_id}/threads/active",
        QUICK,
        guilds::active_threads,
    ),
    route("GET", "/guilds/{guild_id}/audit-logs", FIVE, audit_log::list),
    route("GET", "/guilds/{guild_id}/members", TEN, members::list),
    route("GET", "/guilds/{guild_id}/members/{user_id}", QUICK, members::get),
    route(
        "PATCH",
        "/guilds/{guild_id}/members/{user_id}",
        TEN,
        members::edit,
    ),
    route(
        "DELETE",
        "/guilds/{guild_id}/members/{user_id}",
        QUICK,
        members::kick,
    ),
    route(
        "PUT",
        "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        TEN,
        members::give_role,
    ),
    route(
        "DELETE",
        "/guilds/{guild_id}/members/{user_id}/roles/{role_id}",
        TEN,
        members::take_role,
    ),
    route("GET", "/guilds/{guild_id}/bans", FIVE, bans::list),
    route("GET", "/guilds/{guild_id}/bans/{user_id}", FIVE, bans::get),
    route("PUT", "/guilds/{guild_id}/bans/{user_id}", QUICK, bans::put),
    route("DELETE", "/guilds/{guild_id}/bans/{user_id}", QUICK, bans::delete),
    route("POST", "/guilds/{guild_id}/bulk-ban", FEW, bans::bulk),
    route("GET", "/channels/{channel_id}", QUICK, channels::get),
    route("PATCH", "/channels/{channel_id}", FIVE, channels::edit),
    route("DELETE", "/channels/{channel_id}", FIVE, channels::delete),
    route("POST", "/channels/{channel_id}/typing", FIVE, channels::typing),
    route("GET", "/channels/{channel_id}/messages", FIVE, messages::list),
    route("POST", "/channels/{channel_id}/messages", FIVE, messages::create),
    route(
        "POST",
        "/channels/{channel_id}/messages/bulk-delete",
        FEW,
        messages::bulk_delete,
    ),
    route(
        "GET",
        "/channels/{channel_id}/messages/{message_id}",
        FIVE,
        messages::get,
    ),
    route(
        "PATCH",
        "/channels/{channel_id}/messages/{message_id}",
        FIVE,
        messages::edit,
    ),
    route(
        "DELETE",
        "/channels/{channel_id}/messages/{message_id}",
        QUICK,
        messages::delete,
    ),
    route(
        "PUT",
        "/channels/{channel_id}/messages/pins/{message_id}",
        FIVE,
        messages::pin,
    ),
    route(
        "DELETE",
        "/channels/{channel_id}/messages/pins/{message_id}",
        FIVE,
        messages::unpin,
    ),
    route(
        "GET",
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}",
        FIVE,
        reactions::list,
    ),
    route(
        "PUT",
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
        REACT,
        reactions::add,
    ),
    route(
        "DELETE",
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me",
        REACT,
        reactions::take_own,
    ),
    route(
        "DELETE",
        "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/{user_id}",
        REACT,
        reactions::take,
    ),
    route(
        "POST",
        "/channels/{channel_id}/messages/{message_id}/threads",
        TEN,
        threads::from_message,
    ),
    route("POST", "/channels/{channel_id}/threads", TEN, threads::create),
    route(
        "GET",
        "/channels/{channel_id}/thread-members",
        FIVE,
        threads::members,
    ),
    route(
        "PUT",
        "/channels/{channel_id}/thread-members/{user_id}",
        FIVE,
        threads::add_member,
    ),
    open(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        MANY,
        interactions::answer,
    ),
    open(
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}",
        FIVE,
        interactions::follow_up,
    ),
    open(
        "GET",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        FIVE,
        interactions::original,
    ),
    open(
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        FIVE,
        interactions::edit_original,
    ),
    open(
        "DELETE",
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        FIVE,
        interactions::delete_original,
    ),
    open(
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        FIVE,
        interactions::edit_follow_up,
    ),
    open(
        "DELETE",
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        FIVE,
        interactions::delete_follow_up,
    ),
];
