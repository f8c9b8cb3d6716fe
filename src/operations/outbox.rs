//! Actions at Discord that an operator looks at, sends again or gives up: asked of the pod that serves the guild.

use super::consent::Authority;
use crate::client::pod_api::{OutboxChanged, OutboxRequest, OutboxVerb, PodApi, PodApiError};
use crate::domain::ids::GuildId;
use crate::domain::outbox::ActionId;

/// Sends an action again, or gives it up, at the pod at `url`. Repeating it changes nothing.
pub async fn change(
    api: &PodApi,
    url: &str,
    of: (GuildId, ActionId),
    verb: OutboxVerb,
    authority: &Authority,
) -> Result<OutboxChanged, PodApiError> {
    let (actor, reason) = authority.actor_and_reason();
    let request = OutboxRequest {
        dry_run: authority.is_dry_run(),
        actor: actor.to_owned(),
        reason: reason.to_owned(),
    };
    api.change_action(url, of, verb, &request).await
}
