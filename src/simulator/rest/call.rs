//! A request as a route's handler sees it, and what it answers.

use std::collections::HashMap;

use axum::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ApiError;
use crate::simulator::happenings::members::By;
use crate::simulator::ledger::{Effect, EffectKind};
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// A request that passed authorisation and limits.
pub(super) struct Call<'a> {
    pub(super) state: &'a mut State,
    /// The request's number in the ledger.
    pub(super) request: usize,
    pub(super) params: HashMap<String, String>,
    pub(super) query: HashMap<String, String>,
    pub(super) body: Value,
    pub(super) reason: Option<String>,
}

/// An answer that is no error.
#[derive(Debug)]
pub(super) enum Reply {
    /// 200 with a body.
    Json(Value),
    /// Another status with a body.
    With(StatusCode, Value),
    /// 204.
    Nothing,
}

/// What a route does.
pub(super) type Handler = fn(&mut Call<'_>) -> Result<Reply, ApiError>;

/// What an effect was done to.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) guild: Option<Snowflake>,
    pub(super) channel: Option<Snowflake>,
    pub(super) target: Option<Snowflake>,
    pub(super) nonce: Option<Value>,
    pub(super) repeated: bool,
}

impl Call<'_> {
    /// The id in the path under `name`.
    pub(super) fn id(&self, name: &str) -> Result<Snowflake, ApiError> {
        let text = self.params.get(name).map_or("", String::as_str);
        text.parse()
            .map_err(|_| ApiError::form(name, &format!("Value \"{text}\" is not snowflake.")))
    }

    /// The text in the path under `name`.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// A value of the query.
    pub(super) fn asked<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let parse = |text: &String| {
            text.parse()
                .map_err(|_| ApiError::form(name, "Value is not valid."))
        };
        self.query.get(name).map(parse).transpose()
    }

    /// `limit` of the query, between 1 and `most`.
    pub(super) fn limit(&self, default: usize, most: usize) -> Result<usize, ApiError> {
        let limit = self.asked("limit")?.unwrap_or(default);
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            Err(ApiError::form("limit", "int value should be within bounds."))
        }
    }

    /// The body's field `name`, where it is there and not null.
    pub(super) fn field<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiError> {
        match self.body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value.clone())
                .map(Some)
                .map_err(|error| ApiError::form(name, &error.to_string())),
        }
    }

    /// Whether the body names the field, null or not.
    pub(super) fn names(&self, name: &str) -> bool {
        self.body.get(name).is_some()
    }

    /// Unix milliseconds.
    pub(super) fn now_ms(&self) -> u64 {
        self.state.now_ms()
    }

    /// The bot's user id.
    pub(super) fn bot(&self) -> Snowflake {
        self.state.world.bot
    }

    /// The bot, with the reason it gave.
    pub(super) fn by(&self) -> By {
        By {
            actor: self.bot(),
            reason: self.reason.clone(),
        }
    }

    /// Writes an effect into the ledger.
    pub(super) fn done(&mut self, kind: EffectKind, done: Done) {
        let guild = done
            .guild
            .or_else(|| self.state.world.home.get(&done.channel?).copied());
        let effect = Effect {
            request: self.request,
            at_ms: self.now_ms(),
            kind,
            guild,
            channel: done.channel,
            target: done.target,
            nonce: done.nonce,
            reason: self.reason.clone(),
            repeated: done.repeated,
        };
        self.state.ledger.effects.push(effect);
    }
}
