//! The documents of `-o json`: `apiVersion`, `kind`, who says so, and the item or items.

use serde::Serialize;

use crate::domain::store_stamp::StoreStamp;

/// The version of every document's shape.
pub(in crate::ctl) const API_VERSION: &str = "modbot/v1";

/// Where in the config store's history an answer stands.
#[derive(Debug, Clone, Serialize)]
pub(in crate::ctl) struct StoreView {
    id: String,
    timeline: String,
    revision: u64,
    recovering: bool,
}

impl From<&StoreStamp> for StoreView {
    fn from(stamp: &StoreStamp) -> Self {
        Self {
            id: stamp.position.store_id.to_string(),
            timeline: stamp.position.timeline.clone(),
            revision: stamp.position.revision.get(),
            recovering: stamp.recovering,
        }
    }
}

/// A list of things.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<'a, T> {
    pub(super) api_version: &'static str,
    pub(super) kind: String,
    pub(super) witness: &'static str,
    pub(super) store: Option<&'a StoreView>,
    pub(super) items: &'a [T],
}

/// One thing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Single<'a, T> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) witness: &'static str,
    pub(super) store: Option<&'a StoreView>,
    pub(super) item: &'a T,
}
