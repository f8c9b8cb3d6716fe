//! What `outbox retry` and `outbox drop` share.

use crate::client::pod_api::{OutboxVerb, PodApi, PodApiError};
use crate::ctl::changed::ChangeView;
use crate::ctl::connection::StoreArgs;
use crate::ctl::consent::ChangeArgs;
use crate::ctl::context::Context;
use crate::ctl::exit::ExitStatus;
use crate::ctl::failure::Failure;
use crate::ctl::ids;
use crate::ctl::output::OutputArgs;
use crate::ctl::pods::PodArgs;
use crate::domain::ids::{GuildId, PodId};
use crate::domain::outbox::ActionId;
use crate::operations::{guilds, outbox};

/// Which action, and how it is changed.
#[derive(Debug, clap::Args)]
pub(super) struct ActionArgs {
    /// The guild's id
    #[arg(value_name = "GUILD", value_parser = ids::guild, allow_negative_numbers = true)]
    guild: GuildId,
    /// The action's id, as `outbox list` shows it
    #[arg(value_name = "ACTION")]
    action: ActionId,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    pods: PodArgs,
}

/// The client of pods; without the operator's key there is nobody to ask.
pub(super) fn asked(pods: &PodArgs) -> Result<PodApi, Failure> {
    pods.api()?.ok_or_else(|| {
        let missing = "the operator's key is missing: only pods know their outbox";
        Failure::message(ExitStatus::Usage, missing)
            .hint("set MODBOT_AUTH_OPERATOR_KEY, or give --operator-key-file")
    })
}

/// Why a pod did not do it.
pub(super) fn failed(error: PodApiError, pod: PodId) -> Failure {
    let status = match &error {
        PodApiError::Refused { status: 404, .. } => ExitStatus::NotFound,
        PodApiError::Refused { status: 409, .. } => ExitStatus::Refused,
        _ => ExitStatus::Unreachable,
    };
    let failure = Failure::new(status, error);
    if status == ExitStatus::Unreachable {
        failure.while_doing(format!("{pod} cannot be asked"))
    } else {
        failure
    }
}

impl ActionArgs {
    /// Asks the pod that owns the guild.
    pub(super) async fn run(
        self,
        context: &mut Context,
        (verb, name): (OutboxVerb, &'static str),
    ) -> Result<ExitStatus, Failure> {
        let (guild, action) = (self.guild, self.action);
        let intent = match verb {
            OutboxVerb::Retry => format!("send action {action} of guild {guild} again"),
            OutboxVerb::Drop => format!("drop action {action} of guild {guild}"),
        };
        let wanted = self.change.want(intent, action.to_string())?;
        let api = asked(&self.pods)?;
        let store = self.store.open().await?;
        wanted
            .make(context, self.output, async |authority| {
                let owner = store.ask(guilds::get(&store.db, guild)).await?.value.pod;
                let pod = store.ask(store.db.pod(owner)).await?;
                let url = &pod.value.api_url;
                let done = outbox::change(&api, url, (guild, action), verb, authority).await;
                let done = done.map_err(|error| failed(error, owner))?;
                let changed = done.before != done.after;
                let line = if changed {
                    format!(
                        "action {action} of guild {guild} is {} (was {})",
                        done.after, done.before
                    )
                } else {
                    format!("action {action} of guild {guild} is {} already", done.after)
                };
                let view = ChangeView {
                    subject: format!("guild/{guild}"),
                    action: name,
                    before: Some(done.before),
                    after: done.after,
                    changed,
                    dry_run: authority.is_dry_run(),
                    doubt: None,
                    line,
                };
                Ok(pod.map(|_| view))
            })
            .await
    }
}
