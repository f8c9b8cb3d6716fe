//! A good answer with its stamp.

use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::failure::Failure;
use crate::domain::store_stamp::StoreStamp;
use crate::store::config_db::Stamped;

/// What a handler answers.
pub(super) type Outcome<T> = Result<Reply<T>, Failure>;

/// JSON and where in the store's history it stands; [`super::stamping`] writes the headers.
pub(super) struct Reply<T> {
    value: T,
    stamp: StoreStamp,
}

/// An empty object: done, and nothing to say.
#[derive(Serialize)]
pub(super) struct Done {}

impl<T> Reply<T> {
    /// Turns what the store says into what goes over the wire.
    pub(super) fn from_store<S>(stored: Stamped<S>, wire: impl FnOnce(S) -> T) -> Self {
        Self {
            value: wire(stored.value),
            stamp: stored.stamp,
        }
    }
}

impl Reply<Done> {
    /// Done.
    pub(super) fn done(stored: &Stamped<()>) -> Self {
        Self {
            value: Done {},
            stamp: stored.stamp.clone(),
        }
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = axum::Json(self.value).into_response();
        response.extensions_mut().insert(self.stamp);
        response
    }
}
