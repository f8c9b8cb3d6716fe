//! The machine's calls, as a pod's API takes them, and its answers as the machine's events.

use crate::client::pod_api::{
    BundleSource, Custody, Forget, ForgetRequest, FreezeRequest, ImportRequest, MoveRefusal, PodApi,
    PodApiError, PrepareRequest, RetireRequest, ServeRequest,
};
use crate::domain::digest::GuildDigest;
use crate::domain::guild_move::{Answer, Call, Cut, Event, MoveFacts, Party, has_taken_over};
use crate::domain::ids::Epoch;
use crate::runtime::error_chain::Chain;

/// Where the two pods are.
#[derive(Debug, Clone)]
pub(super) struct Addresses {
    pub(super) src: String,
    pub(super) dst: String,
}

/// Asks the pod, and says what came of it.
pub(super) async fn ask(api: &PodApi, facts: &MoveFacts, at: &Addresses, call: Call) -> Event {
    let asked = match call {
        Call::Prepare { no } => prepare(api, facts, at, no).await,
        Call::Freeze { no } => api
            .freeze(&at.src, facts.guild, &freeze_request(facts, no))
            .await
            .map(|frozen| {
                Answer::Frozen(Cut {
                    digest: frozen.digest,
                    rows: frozen.rows,
                })
            }),
        Call::Thaw { no } => {
            let request = freeze_request(facts, no);
            api.thaw(&at.src, facts.guild, &request)
                .await
                .map(|_| Answer::Thawed)
        }
        Call::Import { no, digest } => import(api, facts, at, no, digest).await,
        Call::Serve { no, .. } => {
            let request = ServeRequest {
                move_id: facts.move_id,
                epoch: facts.epoch,
                freeze_no: no,
            };
            api.serve(&at.dst, facts.guild, &request)
                .await
                .map(|_| Answer::Serving)
        }
        Call::Retire => {
            let request = RetireRequest {
                move_id: facts.move_id,
                epoch: facts.epoch,
            };
            api.retire(&at.src, facts.guild, &request)
                .await
                .map(|_| Answer::Retired)
        }
        Call::DropImport => forget(api, facts, &at.dst, Forget::Import)
            .await
            .map(|()| Answer::Dropped),
        Call::Custody => return custody(api, facts, &at.dst).await,
        Call::Forget => {
            let held = Custody::Committed;
            let what = Forget::GivenAway { held };
            forget(api, facts, &at.src, what)
                .await
                .map(|()| Answer::Forgotten)
        }
    };
    match asked {
        Ok(answer) => Event::Done(answer),
        Err(error) => failed(call, &error),
    }
}

async fn prepare(api: &PodApi, facts: &MoveFacts, at: &Addresses, no: u64) -> Result<Answer, PodApiError> {
    // A target must be able to read what the source has: asked before anything is touched.
    let report = api.guild(&at.src, facts.guild).await?;
    let request = PrepareRequest {
        move_id: facts.move_id,
        epoch: facts.epoch,
        freeze_no: no,
        schema: report.schema,
    };
    api.prepare(&at.dst, facts.guild, &request)
        .await
        .map(|_| Answer::Prepared)
}

async fn import(
    api: &PodApi,
    facts: &MoveFacts,
    at: &Addresses,
    no: u64,
    digest: GuildDigest,
) -> Result<Answer, PodApiError> {
    let request = ImportRequest {
        move_id: facts.move_id,
        epoch: facts.epoch,
        freeze_no: no,
        source: BundleSource {
            pod: facts.src,
            api_url: at.src.clone(),
        },
        digest,
    };
    let imported = api.import(&at.dst, facts.guild, &request).await?;
    Ok(Answer::Imported(Cut {
        digest: imported.fence.digest.unwrap_or(digest),
        rows: imported.rows,
    }))
}

const fn freeze_request(facts: &MoveFacts, no: u64) -> FreezeRequest {
    FreezeRequest {
        move_id: facts.move_id,
        epoch: Epoch::new(facts.epoch.get().saturating_sub(1)),
        freeze_no: no,
    }
}

/// Until nothing is left: each call deletes some.
pub(super) async fn forget(
    api: &PodApi,
    facts: &MoveFacts,
    pod: &str,
    what: Forget,
) -> Result<(), PodApiError> {
    let request = ForgetRequest {
        move_id: facts.move_id,
        epoch: facts.epoch,
        what,
    };
    while api.forget(pod, facts.guild, &request).await?.left > 0 {}
    Ok(())
}

async fn custody(api: &PodApi, facts: &MoveFacts, dst: &str) -> Event {
    match api.guild(dst, facts.guild).await {
        Ok(report) if has_taken_over(report.fence.epoch, report.fence.mode, facts.epoch) => {
            Event::Done(Answer::Custody(true))
        }
        Ok(_) | Err(PodApiError::Refused { status: 404, .. }) => Event::NotVerified,
        Err(_) => Event::Silent(Party::Target),
    }
}

/// Whose answer it was.
const fn party_of(call: Call) -> Party {
    match call {
        Call::Freeze { .. } | Call::Thaw { .. } | Call::Retire | Call::Forget => Party::Source,
        Call::Prepare { .. }
        | Call::Import { .. }
        | Call::Serve { .. }
        | Call::DropImport
        | Call::Custody => Party::Target,
    }
}

/// What a call that was not answered with a result means to the machine.
fn failed(call: Call, error: &PodApiError) -> Event {
    let (party, why) = (party_of(call), Chain(error).to_string());
    if error.is_passing() {
        tracing::info!(?call, error = %why, "a pod did not answer a move");
        return Event::Silent(party);
    }
    tracing::info!(?call, error = %why, "a pod refused a move");
    match (call, error.refusal()) {
        (_, Some(MoveRefusal::Recovering)) => Event::Silent(party),
        (Call::Import { .. }, Some(refusal)) => match refusal {
            MoveRefusal::Differs { .. } | MoveRefusal::DiskFull { .. } | MoveRefusal::Schema { .. } => {
                Event::Differs { why }
            }
            MoveRefusal::NotHere
            | MoveRefusal::WrongEpoch { .. }
            | MoveRefusal::OtherMove { .. }
            | MoveRefusal::WrongMode { .. } => Event::NotVerified,
            _ => Event::Refused { party, why },
        },
        (Call::Serve { .. }, Some(refusal)) => match refusal {
            // It has not heard of the flip yet.
            MoveRefusal::NotFlipped { .. } => Event::Silent(party),
            MoveRefusal::Superseded { .. } => Event::Refused { party, why },
            _ => Event::NotVerified,
        },
        // Nothing of that import is there any more.
        (Call::DropImport, Some(_)) => Event::Done(Answer::Dropped),
        // The rows of that stay are gone, or overwritten by another.
        (Call::Forget, Some(MoveRefusal::NotHere | MoveRefusal::WrongEpoch { .. })) => {
            Event::Done(Answer::Forgotten)
        }
        (Call::Retire, Some(MoveRefusal::NotHere | MoveRefusal::WrongEpoch { .. })) => {
            Event::Done(Answer::Retired)
        }
        _ => Event::Refused { party, why },
    }
}
