//! Application commands, global and of one guild.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::call::{Call, Done, Reply};
use super::error::ApiError;
use crate::simulator::ledger::EffectKind;
use crate::simulator::snowflake::Snowflake;

/// Whose commands the path means: a guild's, or the global ones.
fn scope(call: &Call<'_>) -> Result<Option<Snowflake>, ApiError> {
    if call.id("application_id")? != call.bot() {
        return Err(ApiError::APPLICATION);
    }
    if call.params.contains_key("guild_id") {
        Ok(Some(call.guild()?.id))
    } else {
        Ok(None)
    }
}

/// A command as Discord keeps it. `old`: the one of the same name and type, whose id stays.
fn complete(
    call: &mut Call<'_>,
    scope: Option<Snowflake>,
    given: &Value,
    old: Option<&Value>,
) -> Result<Value, ApiError> {
    let given = given
        .as_object()
        .ok_or_else(|| ApiError::form("0", "Only dictionaries may be used"))?;
    let name = given.get("name").and_then(Value::as_str).unwrap_or_default();
    let kind = given.get("type").and_then(Value::as_u64).unwrap_or(1);
    if name.is_empty() || name.chars().count() > 32 {
        return Err(ApiError::form("name", "Must be between 1 and 32 in length."));
    }
    let description = given
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if kind == 1 && description.is_empty() {
        return Err(ApiError::form("description", "This field is required"));
    }
    let id = match old.and_then(|old| old["id"].as_str()) {
        Some(id) => id.to_owned(),
        None => call.state.new_id().to_string(),
    };
    let mut command: Map<String, Value> = given.clone();
    let defaults = json!({
        "contexts": null,
        "default_member_permissions": null,
        "description": description,
        "description_localizations": null,
        "dm_permission": true,
        "integration_types": [0],
        "name_localizations": null,
        "nsfw": false,
        "type": kind,
    });
    for (key, value) in defaults.as_object().into_iter().flatten() {
        command.entry(key.clone()).or_insert_with(|| value.clone());
    }
    command.insert("id".to_owned(), id.into());
    command.insert("application_id".to_owned(), json!(call.bot()));
    command.insert("version".to_owned(), json!(call.state.new_id()));
    if let Some(guild) = scope {
        command.insert("guild_id".to_owned(), json!(guild));
    }
    Ok(Value::Object(command))
}

fn same(one: &Value, other: &Value) -> bool {
    let kind = |command: &Value| command["type"].as_u64().unwrap_or(1);
    one["name"] == other["name"] && kind(one) == kind(other)
}

/// `GET …/commands`.
pub(super) fn list(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let scope = scope(call)?;
    Ok(Reply::Json(
        call.state
            .world
            .commands
            .get(&scope)
            .cloned()
            .unwrap_or_default()
            .into(),
    ))
}

/// `POST …/commands`: 201, or 200 where one of the same name and type is replaced.
pub(super) fn create(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let scope = scope(call)?;
    let given = call.body.clone();
    let mut commands = call.state.world.commands.get(&scope).cloned().unwrap_or_default();
    let at = commands.iter().position(|old| same(old, &given));
    let command = complete(call, scope, &given, at.map(|at| &commands[at]))?;
    match at {
        Some(at) => commands[at] = command.clone(),
        None => commands.push(command.clone()),
    }
    store(call, scope, commands);
    Ok(Reply::With(
        if at.is_some() {
            StatusCode::OK
        } else {
            StatusCode::CREATED
        },
        command,
    ))
}

/// `PUT …/commands`: exactly these.
pub(super) fn replace(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let scope = scope(call)?;
    let Value::Array(given) = call.body.clone() else {
        return Err(ApiError::form("0", "Only lists may be used"));
    };
    let before = call.state.world.commands.get(&scope).cloned().unwrap_or_default();
    let mut commands = Vec::new();
    for one in &given {
        let old = before.iter().find(|old| same(old, one));
        let command = complete(call, scope, one, old)?;
        if commands.iter().any(|other| same(other, &command)) {
            return Err(ApiError::form("name", "Application command names must be unique"));
        }
        commands.push(command);
    }
    store(call, scope, commands.clone());
    Ok(Reply::Json(commands.into()))
}

fn store(call: &mut Call<'_>, scope: Option<Snowflake>, commands: Vec<Value>) {
    call.state.world.commands.insert(scope, commands);
    call.done(
        EffectKind::CommandsWritten,
        Done {
            guild: scope,
            ..Done::default()
        },
    );
}

fn position(call: &Call<'_>) -> Result<(Option<Snowflake>, usize), ApiError> {
    let scope = scope(call)?;
    let id = call.id("command_id")?.to_string();
    let commands = call
        .state
        .world
        .commands
        .get(&scope)
        .map_or(&[][..], Vec::as_slice);
    let at = commands.iter().position(|command| command["id"] == id.as_str());
    at.map(|at| (scope, at)).ok_or(ApiError::COMMAND)
}

/// `GET …/commands/{command_id}`.
pub(super) fn get(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (scope, at) = position(call)?;
    Ok(Reply::Json(call.state.world.commands[&scope][at].clone()))
}

/// `PATCH …/commands/{command_id}`.
pub(super) fn edit(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (scope, at) = position(call)?;
    let mut commands = call.state.world.commands[&scope].clone();
    let mut given = commands[at].clone();
    for (key, value) in call.body.as_object().into_iter().flatten() {
        given[key] = value.clone();
    }
    let command = complete(call, scope, &given, Some(&commands[at]))?;
    commands[at] = command.clone();
    store(call, scope, commands);
    Ok(Reply::Json(command))
}

/// `DELETE …/commands/{command_id}`.
pub(super) fn delete(call: &mut Call<'_>) -> Result<Reply, ApiError> {
    let (scope, at) = position(call)?;
    let mut commands = call.state.world.commands[&scope].clone();
    commands.remove(at);
    store(call, scope, commands);
    Ok(Reply::Nothing)
}
