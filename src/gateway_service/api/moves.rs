//! The steps of a move. Each runs to its end, whether its caller waits for it or not.

use std::future::Future;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::io::AsyncReadExt as _;

use super::Pod;
use crate::client::pod_api::{
    FenceAnswer, ForgetRequest, Forgotten, FreezeRequest, Frozen, ImportRequest, Imported, PrepareRequest,
    Prepared, RetireRequest, ServeRequest,
};
use crate::domain::ids::{GuildId, MoveId};
use crate::gateway_service::fleet::Fleet;
use crate::gateway_service::moving::{self, StepError};
use crate::runtime::extract::{Json, Path, Query};
use crate::runtime::problem::Problem;

/// Bytes of a bundle in one piece.
const PIECE: usize = 256 * 1024;

type Done<T> = Result<Json<T>, StepError>;

impl Pod {
    fn fleet(&self) -> Result<Arc<Fleet>, Problem> {
        let fleet = self.running()?.fleet.as_ref();
        fleet.map(Arc::clone).ok_or_else(|| {
            Problem::new(
                StatusCode::CONFLICT,
                "standalone",
                "this pod is alone: there is no other pod to move guilds to or from",
            )
        })
    }
}

/// Runs a step as a task of its own.
async fn run<T, F>(pod: &Pod, step: impl FnOnce(Arc<Fleet>) -> F) -> Result<T, StepError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, StepError>> + Send + 'static,
{
    match tokio::spawn(step(pod.fleet()?)).await {
        Ok(done) => done,
        Err(error) => Err(Problem::internal(&error).into()),
    }
}

pub(super) async fn prepare(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<PrepareRequest>,
) -> Done<Prepared> {
    run(&pod, |fleet| async move {
        moving::prepare(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

pub(super) async fn freeze(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<FreezeRequest>,
) -> Done<Frozen> {
    run(&pod, |fleet| async move {
        moving::freeze(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

pub(super) async fn thaw(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<FreezeRequest>,
) -> Done<FenceAnswer> {
    run(&pod, |fleet| async move {
        moving::thaw(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

pub(super) async fn import(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<ImportRequest>,
) -> Done<Imported> {
    run(&pod, |fleet| async move {
        moving::import(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

pub(super) async fn serve(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<ServeRequest>,
) -> Done<FenceAnswer> {
    run(&pod, |fleet| async move {
        moving::serve(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

pub(super) async fn retire(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<RetireRequest>,
) -> Done<FenceAnswer> {
    run(&pod, |fleet| async move {
        moving::retire(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

pub(super) async fn forget(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Json(request): Json<ForgetRequest>,
) -> Done<Forgotten> {
    run(&pod, |fleet| async move {
        moving::forget(&fleet, guild, &request).await
    })
    .await
    .map(Json)
}

#[derive(Debug, Deserialize)]
pub(super) struct Which {
    move_id: MoveId,
    freeze_no: u64,
}

/// The frozen guild as a file.
pub(super) async fn bundle(
    State(pod): State<Pod>,
    Path(guild): Path<GuildId>,
    Query(Which { move_id, freeze_no }): Query<Which>,
) -> Result<Response, StepError> {
    let failed = |error: std::io::Error| StepError::Failed(Problem::internal(&error));
    let path = run(&pod, |fleet| async move {
        moving::bundle(&fleet, guild, move_id, freeze_no).await
    })
    .await?;
    // Once it is open it can be read to its end, whoever removes it.
    let file = tokio::fs::File::open(&path).await.map_err(failed)?;
    let length = file.metadata().await.map_err(failed)?.len();
    let headers = [
        (header::CONTENT_TYPE, "application/vnd.sqlite3".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    let pieces = futures_util::stream::try_unfold(file, |mut file| async move {
        let mut piece = vec![0; PIECE];
        let read = file.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then(|| (Bytes::from(piece), file)))
    });
    Ok((headers, Body::from_stream(pieces)).into_response())
}
