//! Error answers. Source: Discord developer documentation, "JSON Error Codes".

use axum::http::StatusCode;
use serde_json::{Value, json};

/// An error answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: u32,
    message: &'static str,
    errors: Option<Value>,
}

const fn error(status: StatusCode, code: u32, message: &'static str) -> ApiError {
    ApiError {
        status,
        code,
        message,
        errors: None,
    }
}

const NOT_FOUND: StatusCode = StatusCode::NOT_FOUND;
const BAD: StatusCode = StatusCode::BAD_REQUEST;
const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;

impl ApiError {
    pub(super) const UNAUTHORIZED: Self = error(StatusCode::UNAUTHORIZED, 0, "401: Unauthorized");
    pub(super) const ROUTE: Self = error(NOT_FOUND, 0, "404: Not Found");
    pub(super) const APPLICATION: Self = error(NOT_FOUND, 10_002, "Unknown Application");
    pub(super) const CHANNEL: Self = error(NOT_FOUND, 10_003, "Unknown Channel");
    pub(super) const GUILD: Self = error(NOT_FOUND, 10_004, "Unknown Guild");
    pub(super) const MEMBER: Self = error(NOT_FOUND, 10_007, "Unknown Member");
    pub(super) const MESSAGE: Self = error(NOT_FOUND, 10_008, "Unknown Message");
    pub(super) const ROLE: Self = error(NOT_FOUND, 10_011, "Unknown Role");
    pub(super) const USER: Self = error(NOT_FOUND, 10_013, "Unknown User");
    pub(super) const WEBHOOK: Self = error(NOT_FOUND, 10_015, "Unknown Webhook");
    pub(super) const BAN: Self = error(NOT_FOUND, 10_026, "Unknown Ban");
    pub(super) const INTERACTION: Self = error(NOT_FOUND, 10_062, "Unknown interaction");
    pub(super) const COMMAND: Self = error(NOT_FOUND, 10_063, "Unknown application command");
    pub(super) const ANSWERED: Self = error(BAD, 40_060, "Interaction has already been acknowledged.");
    pub(super) const ACCESS: Self = error(FORBIDDEN, 50_001, "Missing Access");
    pub(super) const NOT_THE_AUTHOR: Self = error(
        FORBIDDEN,
        50_005,
        "Cannot edit a message authored by another user",
    );
    pub(super) const EMPTY: Self = error(BAD, 50_006, "Cannot send an empty message");
    pub(super) const KIND: Self = error(BAD, 50_024, "Cannot execute action on this channel type");
    pub(super) const PERMISSIONS: Self = error(FORBIDDEN, 50_013, "Missing Permissions");
    pub(super) const BULK_COUNT: Self = error(
        BAD,
        50_016,
        "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete",
    );
    pub(super) const WEBHOOK_TOKEN: Self = error(StatusCode::UNAUTHORIZED, 50_027, "Invalid Webhook Token");
    pub(super) const TOO_OLD: Self = error(BAD, 50_034, "A message provided was too old to bulk delete");
    pub(super) const ARCHIVED: Self = error(BAD, 50_083, "Thread is archived");
    pub(super) const JSON: Self = error(BAD, 50_109, "The request body contains invalid JSON.");
    pub(super) const HAS_THREAD: Self =
        error(BAD, 160_004, "A thread has already been created for this message");

    /// 50035: a field of the body or the query is wrong.
    pub(super) fn form(field: &str, message: &str) -> Self {
        let detail = json!({ field: { "_errors": [{ "code": "BASE_TYPE_BAD_VALUE", "message": message }] } });
        Self {
            errors: Some(detail),
            ..error(BAD, 50_035, "Invalid Form Body")
        }
    }

    /// The answer's body.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let Some(errors) = &self.errors {
            body["errors"] = errors.clone();
        }
        body
    }
}
