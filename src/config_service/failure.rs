//! Errors as answers: the table in `docs/config-api.md`.

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::guild_batch::BatchError;
use crate::domain::identify::TicketRefused;
use crate::domain::store_stamp::StoreStamp;
use crate::runtime::problem::Problem;
use crate::store::config_db::{ErrorClass, SchemaError, StoreError};

/// When to try again while the store is away or recovers.
const SOON: Duration = Duration::from_secs(1);
/// When to try again where somebody must do something first.
const LATER: Duration = Duration::from_secs(5);

/// An error answer, with its stamp where the store was asked.
pub(super) struct Failure {
    problem: Problem,
    stamp: Option<StoreStamp>,
    store_trouble: bool,
}

/// Marks an answer that says the store cannot be used: the store check is hurried.
#[derive(Clone, Copy)]
pub(super) struct StoreTrouble;

impl Failure {
    /// A refusal that stands at `stamp`.
    pub(super) fn stamped(problem: Problem, stamp: StoreStamp) -> Self {
        Self {
            stamp: Some(stamp),
            ..problem.into()
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            stamp: None,
            store_trouble: false,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self {
            store_trouble: error.class() == ErrorClass::Unavailable,
            stamp: None,
            problem: problem(&error),
        }
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Busy => {
                Problem::unavailable("busy", "too many requests about guilds are waiting", SOON).into()
            }
            BatchError::Stopping => Problem::unavailable("stopping", "this daemon is stopping", SOON)
                .hint("another replica answers")
                .into(),
            BatchError::Store(error) => Self::from(&*error),
        }
    }
}

impl From<&StoreError> for Failure {
    fn from(error: &StoreError) -> Self {
        Self {
            store_trouble: error.class() == ErrorClass::Unavailable,
            stamp: None,
            problem: problem(error),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.problem.into_response();
        if let Some(stamp) = self.stamp {
            response.extensions_mut().insert(stamp);
        }
        if self.store_trouble {
            response.extensions_mut().insert(StoreTrouble);
        }
        response
    }
}

fn problem(error: &StoreError) -> Problem {
    match error.class() {
        ErrorClass::NotFound => not_found(error),
        ErrorClass::Recovering => Problem::unavailable("recovering", error.to_string(), SOON)
            .hint("nothing is handed out until the pods have reported; see `modbotctl store status`"),
        ErrorClass::Unavailable => {
            let code = if matches!(error, StoreError::TimedOut(_)) {
                "store_timeout"
            } else {
                "store_unreachable"
            };
            Problem::unavailable(code, error.to_string(), SOON)
                .hint("nothing was changed, or it was changed whole: repeat the request; see /readyz?verbose")
                .caused_by(error)
        }
        ErrorClass::Refused => refused(error),
        ErrorClass::Internal => Problem::internal(error),
    }
}

fn not_found(error: &StoreError) -> Problem {
    let (code, hint) = match error {
        StoreError::NoSuchPod(_) => ("no_such_pod", "a pod becomes known when it attaches"),
        StoreError::NoSuchGuild(_) => ("no_such_guild", "a guild becomes known when it is placed"),
        StoreError::NoSuchDiscordShard(_) => ("no_such_discord_shard", "GET /v1/discord-shards lists them"),
        _ => ("no_such_move", "the move may be over"),
    };
    Problem::new(StatusCode::NOT_FOUND, code, error.to_string()).hint(hint)
}

fn refused(error: &StoreError) -> Problem {
    let conflict = |code, hint: &str| Problem::new(StatusCode::CONFLICT, code, error.to_string()).hint(hint);
    match error {
        StoreError::Schema(schema) => wrong_schema(error, schema),
        StoreError::ConnectionRefused(_) => Problem::unavailable("store_refuses", error.to_string(), LATER)
            .hint("check MODBOT_STORE_URL: user, password and database")
            .caused_by(error),
        StoreError::ForeignStore { .. } => conflict(
            "foreign_store",
            "the caller and this daemon belong to different fleets: check its config URL",
        ),
        StoreError::StaleIncarnation { .. } => conflict(
            "stale_incarnation",
            "another process runs as this pod, or did: stop serving, and attach anew",
        ),
        StoreError::LeaseOver(_) => conflict("lease_over", "send a heartbeat, or attach anew, first"),
        StoreError::LeaseHeld { retry_after_ms, .. } => {
            let wait = Duration::from_millis(u64::try_from(*retry_after_ms).unwrap_or(1));
            conflict(
                "lease_held",
                "wait until the lease is over, or stop the other process cleanly",
            )
            .retry_after(wait)
        }
        StoreError::StaleEpoch { .. } => conflict(
            "stale_epoch",
            "the guild has moved since: read its assignment anew",
        ),
        StoreError::OwnedElsewhere { .. } => conflict(
            "owned_elsewhere",
            "read the guild's assignment anew; `modbotctl guild move` changes an owner",
        ),
        StoreError::MoveActive { .. } => conflict("move_active", "wait for the move, or abort it"),
        _ => conflict("refused", "read the present state and decide anew"),
    }
}

fn wrong_schema(error: &StoreError, schema: &SchemaError) -> Problem {
    let hint = match schema {
        SchemaError::Missing | SchemaError::Older { .. } => "run `modbotctl store migrate`",
        SchemaError::Newer { .. } => "run a newer modbot-config",
        SchemaError::Altered { .. } => "this build and the store do not belong together: check versions",
    };
    Problem::unavailable("store_schema", error.to_string(), LATER).hint(hint)
}

/// No ticket now.
pub(super) fn no_ticket(refused: &TicketRefused) -> Problem {
    let too_many = |code, wait_ms: i64| {
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(1).max(1));
        Problem::new(StatusCode::TOO_MANY_REQUESTS, code, refused.to_string()).retry_after(wait)
    };
    match refused {
        TicketRefused::TooSoon { wait_ms } => too_many("ticket_too_soon", *wait_ms),
        TicketRefused::BudgetSpent { resets_in_ms, .. } => too_many("identify_budget_spent", *resets_in_ms)
            .hint("the reserve is the operator's: `modbotctl session list` shows what is dark"),
        TicketRefused::BudgetUnknown => Problem::new(
            StatusCode::CONFLICT,
            "identify_budget_unknown",
            refused.to_string(),
        )
        .hint("GET /gateway/bot at Discord, then PUT /v1/identify/budget"),
    }
}
