//! Why a step of a move was not done.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::on_file;
use crate::client::pod_api::{GuildFence, MoveRefusal, RefusalBody};
use crate::domain::fence::FenceRefusal;
use crate::domain::ids::GuildId;
use crate::gateway_service::fleet::Fleet;
use crate::runtime::problem::Problem;
use crate::runtime::request_context;
use crate::store::shard_db::WriteError;

/// A refusal that a driver understands, or a failure like any other.
pub(in crate::gateway_service) enum StepError {
    /// The fence or the store does not allow it.
    Refused(MoveRefusal),
    /// It failed.
    Failed(Problem),
}

impl StepError {
    pub(super) fn lease_over() -> Self {
        let problem = Problem::unavailable("lease_over", "this pod's lease is over", Duration::from_secs(1));
        Self::Failed(problem.hint("it answers again once config has renewed it"))
    }

    pub(super) fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Failed(Problem::internal(error))
    }
}

impl From<MoveRefusal> for StepError {
    fn from(refusal: MoveRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Problem> for StepError {
    fn from(problem: Problem) -> Self {
        Self::Failed(problem)
    }
}

/// A write's failure, as a driver is told of it.
pub(super) async fn of_write(fleet: &Fleet, guild: GuildId, error: WriteError) -> StepError {
    let WriteError::Refused { refusal, .. } = error else {
        return StepError::Failed(
            Problem::unavailable(
                "not_written",
                "the step could not be written",
                Duration::from_secs(1),
            )
            .caused_by(&error),
        );
    };
    match refusal {
        FenceRefusal::NoFence => MoveRefusal::NotHere,
        FenceRefusal::StaleEpoch { asked, fence } | FenceRefusal::Behind { asked, fence } => {
            MoveRefusal::WrongEpoch { asked, here: fence }
        }
        FenceRefusal::StaleCommand { asked, fence } => MoveRefusal::Superseded { asked, here: fence },
        FenceRefusal::OtherMove { holder } => MoveRefusal::OtherMove { here: holder },
        FenceRefusal::NotVerified => MoveRefusal::NotVerified,
        FenceRefusal::Mode { .. } | FenceRefusal::BornBefore { .. } => {
            match on_file(fleet, move |db| db.fence(guild)).await {
                Ok(Some(fence)) => MoveRefusal::WrongMode {
                    fence: Box::new(GuildFence::from(&fence)),
                },
                Ok(None) => MoveRefusal::NotHere,
                Err(error) => return StepError::internal(&error),
            }
        }
    }
    .into()
}

impl IntoResponse for StepError {
    fn into_response(self) -> Response {
        let refusal = match self {
            Self::Failed(problem) => return problem.into_response(),
            Self::Refused(refusal) => refusal,
        };
        tracing::info!(refusal = refusal.code(), why = %refusal, "a step of a move was refused");
        let request_id = request_context::current()
            .map(|context| context.request_id().to_owned())
            .unwrap_or_default();
        let body = RefusalBody {
            error: refusal.code().to_owned(),
            message: refusal.to_string(),
            request_id,
            refusal,
        };
        (StatusCode::CONFLICT, Json(body)).into_response()
    }
}
