//! Members: reads, timeouts, kicks, nicknames, roles.

use serde_json::Value;

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::world::permissions::{
    KICK_MEMBERS, MANAGE_NICKNAMES, MANAGE_ROLES, MODERATE_MEMBERS, rank,
};

/// The longest timeout: 28 days.
const LONGEST_MS: u64 = 28 * 86_400_000;

/// `GET /guilds/{guild_id}/members`, in order of id.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let limit = call.limit(1, 1000)?;
    let after: Snowflake = call.asked("after")?.unwrap_or_default();
    let guild = call.guild()?;
    let ids = guild.members.keys().filter(|id| **id > after).take(limit);
    Ok(Reply::Json(
        ids.filter_map(|id| call.state.world.member_json(guild, *id))
            .collect(),
    ))
}

/// `GET /guilds/{guild_id}/members/{user_id}`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (guild, user) = member(call)?;
    json(call, guild, user)
}

fn member(call: &Call<'_>) -> Result<(Snowflake, Snowflake), ApiError> {
    let (guild, user) = (call.guild()?, call.id("user_id")?);
    if guild.members.contains_key(&user) {
        Ok((guild.id, user))
    } else if call.state.world.users.contains_key(&user) {
        Err(ApiError::MEMBER)
    } else {
        Err(ApiError::USER)
    }
}

fn json(call: &Call<'_>, guild: Snowflake, user: Snowflake) -> Result<Reply, ApiError> {
    let guild = call.state.world.guilds.get(&guild).ok_or(ApiError::GUILD)?;
    let member: Option<Value> = call.state.world.member_json(guild, user);
    member.map(Reply::Json).ok_or(ApiError::MEMBER)
}

/// `PATCH /guilds/{guild_id}/members/{user_id}`: `communication_disabled_until`, `nick`, `roles`. All is
/// checked before anything is changed.
pub(super) fn edit(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (guild_id, user) = member(call)?;
    let timeout = timeout(call, user)?;
    let nick: Option<String> = call.field("nick")?;
    if call.names("nick") {
        call.outranks(call.guild_with(MANAGE_NICKNAMES)?, user)?;
    }
    let roles: Option<Vec<Snowflake>> = call.field("roles")?;
    if let Some(roles) = &roles {
        let guild = call.guild_with(MANAGE_ROLES)?;
        if roles.iter().any(|role| !guild.roles.contains_key(role)) {
            return Err(ApiError::ROLE);
        }
    }
    let by = call.by();
    let done = || Done {
        guild: Some(guild_id),
        target: Some(user),
        ..Done::default()
    };
    match timeout {
        Timeout::AsItIs => {}
        Timeout::Lifted => {
            call.state.time_out(guild_id, user, None, &by);
            call.done(EffectKind::MemberTimeoutLifted, done());
        }
        Timeout::Until(ms) => {
            call.state.time_out(guild_id, user, Some(ms), &by);
            call.done(EffectKind::MemberTimedOut, done());
        }
    }
    if call.names("nick") {
        call.state.rename(guild_id, user, nick.as_deref(), &by);
        call.done(EffectKind::MemberEdited, done());
    }
    if let Some(roles) = roles {
        call.state.set_roles(guild_id, user, roles, &by);
        call.done(EffectKind::MemberEdited, done());
    }
    json(call, guild_id, user)
}

/// What a body asks of a member's timeout.
enum Timeout {
    AsItIs,
    Lifted,
    /// Unix milliseconds.
    Until(u64),
}

fn timeout(call: &Call<'_>, user: Snowflake) -> Result<Timeout, ApiError> {
    const FIELD: &str = "communication_disabled_until";
    if !call.names(FIELD) {
        return Ok(Timeout::AsItIs);
    }
    let guild = call.guild_with(MODERATE_MEMBERS)?;
    call.outranks(guild, user)?;
    call.can_be_timed_out(guild, user)?;
    let Some(text) = call.field::<String>(FIELD)? else {
        return Ok(Timeout::Lifted);
    };
    let until: jiff::Timestamp = text
        .parse()
        .map_err(|_| ApiError::form(FIELD, "Could not interpret string as ISO8601 datetime"))?;
    let until = u64::try_from(until.as_millisecond()).unwrap_or_default();
    if until > call.now_ms() + LONGEST_MS {
        return Err(ApiError::form(FIELD, "Timeout must not be longer than 28 days"));
    }
    Ok(Timeout::Until(until))
}

/// `DELETE /guilds/{guild_id}/members/{user_id}`.
pub(super) fn kick(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (guild, user) = member(call)?;
    call.outranks(call.guild_with(KICK_MEMBERS)?, user)?;
    let by = call.by();
    call.state.kick(guild, user, &by);
    call.done(
        EffectKind::MemberKicked,
        Done {
            guild: Some(guild),
            target: Some(user),
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}

/// `PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}`.
pub(super) fn give_role(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    change_role(call, EffectKind::RoleGiven, true)
}

/// `DELETE /guilds/{guild_id}/members/{user_id}/roles/{role_id}`.
pub(super) fn take_role(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    change_role(call, EffectKind::RoleTaken, false)
}

fn change_role(call: &mut Call<'_>, kind: EffectKind, give: bool) -> Result<Reply, ApiError> {
    let (guild_id, user) = member(call)?;
    let role_id = call.id("role_id")?;
    let guild = call.guild_with(MANAGE_ROLES)?;
    let role = guild.roles.get(&role_id).ok_or(ApiError::ROLE)?;
    // A role at or above the bot's own, or one that a bot owns, is out of reach.
    if role.position >= rank(guild, call.bot()) || role.bot.is_some() {
        return Err(ApiError::PERMISSIONS);
    }
    let mut roles = guild
        .members
        .get(&user)
        .map(|member| member.roles.clone())
        .unwrap_or_default();
    let had = roles.contains(&role_id);
    roles.retain(|role| *role != role_id);
    if give {
        roles.push(role_id);
    }
    let by = call.by();
    if had != give {
        call.state.set_roles(guild_id, user, roles, &by);
    }
    call.done(
        kind,
        Done {
            guild: Some(guild_id),
            target: Some(user),
            repeated: had == give,
            ..Done::default()
        },
    );
    Ok(Reply::Nothing)
}
