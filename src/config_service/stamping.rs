//! Every answer says where in the store's history it stands, and what a caller has seen is believed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::params;
use super::failure::{Failure, StoreTrouble};
use super::service::Service;
use crate::client::config_api::{HEADER_KNOWN, write_stamp};
use crate::domain::store_stamp::{StorePosition, StoreStamp};
use crate::runtime::problem::Problem;

/// Writes the stamp into the answer: its own, or where the store was last seen.
pub(super) async fn stamp(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let own = response.extensions_mut().remove::<StoreStamp>();
    if let Some(own) = &own {
        service.last_stamp.saw(own);
    }
    if response.extensions_mut().remove::<StoreTrouble>().is_some() {
        service.pokes.store.poke();
    }
    if let Some(stamp) = own.or_else(|| service.last_stamp.get()) {
        write_stamp(&stamp, response.headers_mut());
    }
    response
}

/// Holds what the caller has seen against the store. Stands behind the signature check: only a caller that is
/// believed can make the store recover.
pub(super) async fn check_known(
    State(service): State<Arc<Service>>,
    request: Request,
    next: Next,
) -> Response {
    match compare(&service, request.headers()).await {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

async fn compare(service: &Service, headers: &HeaderMap) -> Result<(), Failure> {
    let Some(known) = headers.get(HEADER_KNOWN) else {
        return Ok(());
    };
    let known: StorePosition = known
        .to_str()
        .unwrap_or_default()
        .parse()
        .map_err(|error| Problem::bad_request(format!("the header {HEADER_KNOWN}: {error}")))?;
    params::revision(HEADER_KNOWN.as_str(), known.revision)?;
    if service.last_stamp.is_news(&known) {
        let fresh = service.db.check_history(Some(&known)).await?;
        service.last_stamp.told(&known);
        service.last_stamp.saw(&fresh);
    }
    Ok(())
}
