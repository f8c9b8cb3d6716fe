//! What a pod reports while the store recovers.

use axum::extract::State;

use super::{Shared, params};
use crate::client::config_api::FencesRequest;
use crate::config_service::reply::{Done, Outcome, Reply};
use crate::runtime::extract::{Json, Path};
use crate::store::config_db::FenceReport;

/// `POST /v1/pods/{pod}/fences`.
pub(super) async fn fences(
    State(service): Shared,
    Path(pod): Path<String>,
    Json(report): Json<FencesRequest>,
) -> Outcome<Done> {
    params::revision("known_revision", report.known_revision)?;
    let report = FenceReport {
        pod: params::pod(&pod)?,
        incarnation: report.incarnation,
        known_revision: report.known_revision,
        fences: report
            .fences
            .into_iter()
            .map(|f| (f.guild, f.epoch, f.mode))
            .collect(),
        sessions: report
            .sessions
            .into_iter()
            .map(|s| (s.discord_shard, s.host_epoch, s.session_no))
            .collect(),
    };
    Ok(Reply::done(&service.db.report_fences(&report).await?))
}
