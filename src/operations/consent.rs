//! Nothing changes without consent, and the compiler sees to it.
//!
//! An operation that changes something takes an [`Authority`]. There are two ways to get one: for a dry run,
//! which the store rolls back, and with a [`ChangeAllowed`], which only a [`Gate`] gives out.

use crate::store::config_db::By;

/// Where consent comes from: a person at a terminal, a flag, an authenticated request.
pub trait Gate {
    /// Why consent was not given.
    type Refusal;

    /// Asks for consent to `intent`, as in `cordon pod-3`.
    fn ask(&mut self, intent: &str) -> impl Future<Output = Result<(), Self::Refusal>>;
}

/// Proof that a gate gave its consent. Takes no room; good for one change.
#[derive(Debug)]
pub struct ChangeAllowed(());

impl ChangeAllowed {
    /// Asks `gate`; there is no other way to get one.
    pub async fn by_gate<G: Gate>(gate: &mut G, intent: &str) -> Result<Self, G::Refusal> {
        gate.ask(intent).await?;
        Ok(Self(()))
    }
}

/// In whose name a change is made, why, and whether in earnest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority(By);

impl Authority {
    /// For a change in earnest.
    pub fn granted(_: ChangeAllowed, actor: &str, reason: &str) -> Self {
        Self(By {
            actor: actor.to_owned(),
            reason: reason.to_owned(),
            dry_run: false,
        })
    }

    /// For finding out what a change would do: everything is done and rolled back.
    pub fn dry_run(actor: &str, reason: &str) -> Self {
        Self(By {
            actor: actor.to_owned(),
            reason: reason.to_owned(),
            dry_run: true,
        })
    }

    /// Whether everything will be rolled back.
    pub const fn is_dry_run(&self) -> bool {
        self.0.dry_run
    }

    /// Who makes the change, and why: for those who are told beside the store.
    pub fn actor_and_reason(&self) -> (&str, &str) {
        (&self.0.actor, &self.0.reason)
    }

    /// What the store is told.
    pub(super) const fn by(&self) -> &By {
        &self.0
    }
}
