//! Whether this process may be sent work: a set of named checks.
//!
//! A check is pushed by the part that knows, so that answering `/readyz` never waits for anything.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;

/// Well, perhaps with something to say about it, or why not.
type State = Result<Option<&'static str>, String>;

type States = BTreeMap<&'static str, State>;

/// All checks of a process.
#[derive(Clone)]
pub struct Readiness {
    states: Arc<RwLock<States>>,
    stopping: CancellationToken,
}

/// One named check, held by the part it is about.
#[derive(Clone)]
pub struct Check {
    name: &'static str,
    states: Arc<RwLock<States>>,
}

/// One check's state at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckState {
    /// The check.
    pub name: &'static str,
    /// Well, perhaps with something to say about it, or why not.
    pub state: Result<Option<&'static str>, String>,
}

impl Readiness {
    /// No checks yet; not ready once `stopping` is cancelled.
    pub fn new(stopping: CancellationToken) -> Self {
        Self {
            states: Arc::default(),
            stopping,
        }
    }

    /// Adds a check, failing until it is first said to be well.
    pub fn check(&self, name: &'static str) -> Check {
        let check = Check {
            name,
            states: Arc::clone(&self.states),
        };
        check.set(Err("not checked yet".to_owned()));
        check
    }

    /// Every check, `shutdown` first.
    pub fn states(&self) -> Vec<CheckState> {
        let shutdown = CheckState {
            name: "shutdown",
            state: if self.stopping.is_cancelled() {
                Err("this process is stopping".to_owned())
            } else {
                Ok(None)
            },
        };
        let states = self.states.read().unwrap_or_else(PoisonError::into_inner);
        let others = states.iter().map(|(name, state)| CheckState {
            name,
            state: state.clone(),
        });
        std::iter::once(shutdown).chain(others).collect()
    }
}

impl Check {
    /// All is well.
    pub fn ok(&self) {
        self.set(Ok(None));
    }

    /// All is well, and this is to be known about it.
    pub fn ok_saying(&self, note: &'static str) {
        self.set(Ok(Some(note)));
    }

    /// Not ready, for this reason.
    pub fn fail(&self, reason: impl Into<String>) {
        self.set(Err(reason.into()));
    }

    /// Sets the state and logs a change of it.
    fn set(&self, state: State) {
        let mut states = self.states.write().unwrap_or_else(PoisonError::into_inner);
        let before = states.insert(self.name, state.clone());
        drop(states);
        match (before, state) {
            (Some(before), Ok(note)) if before != Ok(note) => {
                tracing::info!(check = self.name, note, "readiness check is well");
            }
            (Some(Ok(_)), Err(reason)) => {
                tracing::warn!(check = self.name, reason, "readiness check fails");
            }
            _ => {}
        }
    }
}
