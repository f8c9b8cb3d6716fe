//! Where the other pods are.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::client::config_api::PodInfo;
use crate::domain::ids::PodId;

/// The addresses of the pods' APIs, as config said last.
#[derive(Debug, Default)]
pub struct Pods(RwLock<HashMap<PodId, String>>);

impl Pods {
    /// Where a pod is.
    pub fn url(&self, pod: PodId) -> Option<String> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&pod).cloned()
    }

    /// Takes in the list of all pods.
    pub fn learn(&self, pods: Vec<PodInfo>) {
        let fresh = pods.into_iter().map(|pod| (pod.pod, pod.api_url));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = fresh.collect();
    }
}
