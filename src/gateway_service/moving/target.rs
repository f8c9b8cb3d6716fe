//! What a target does: make room, fetch the frozen guild, bring it in, compare.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;

use super::error::of_write;
use super::{StepError, changed, on_file, step_on_file, told};
use crate::client::pod_api::{ImportRequest, Imported, MoveRefusal, PodApiError, PrepareRequest, Prepared};
use crate::domain::bundle::SchemaVersion;
use crate::domain::fence::{Access, Fence};
use crate::domain::ids::GuildId;
use crate::gateway_service::fleet::Fleet;
use crate::runtime::error_chain::Chain;
use crate::runtime::files;
use crate::store::shard_db::bundle::{self, Bundle, ImportAs, ImportError};
use crate::store::shard_db::{CURRENT_SCHEMA, WriteError};

/// The bundle, its rows with their indexes, and the write-ahead log that they go through.
const ROOM: u64 = 4;

/// Makes the guild's place ready.
pub(in crate::gateway_service) async fn prepare(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &PrepareRequest,
) -> Result<Prepared, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    readable(request.schema)?;
    let PrepareRequest {
        move_id,
        epoch,
        freeze_no,
        ..
    } = *request;
    let fence = step_on_file(fleet, guild, move |db| {
        db.prepare_move(guild, epoch, move_id, freeze_no)
    })
    .await?;
    changed(fleet, &fence);
    let own = Arc::clone(fleet);
    let free = tokio::task::spawn_blocking(move || files::free_bytes(own.db.path())).await;
    let free_bytes = free
        .map_err(|error| StepError::internal(&error))?
        .map_err(|error| StepError::internal(&error))?;
    Ok(Prepared {
        fence: told(&fence),
        schema: CURRENT_SCHEMA,
        free_bytes,
    })
}

fn readable(rows: SchemaVersion) -> Result<(), MoveRefusal> {
    let here = CURRENT_SCHEMA;
    if rows > here || rows < here.previous() {
        return Err(MoveRefusal::Schema { rows, here });
    }
    Ok(())
}

/// Fetches the frozen guild, brings it in and compares, unless that was done before.
pub(in crate::gateway_service) async fn import(
    fleet: &Arc<Fleet>,
    guild: GuildId,
    request: &ImportRequest,
) -> Result<Imported, StepError> {
    let _alone = fleet.moving.alone(guild).await;
    fleet.may_act()?;
    if let Some(fence) = verified_before(fleet, guild, request).await? {
        return imported(fleet, fence).await;
    }
    let path = fetch(fleet, guild, request).await?;
    let bundle = check(fleet, path.clone(), guild, request).await?;
    let import_as = ImportAs {
        epoch: request.epoch,
        move_id: request.move_id,
        freeze_no: request.freeze_no,
    };
    let own = Arc::clone(fleet);
    let staged = tokio::task::spawn_blocking(move || bundle::stage(&own.db, bundle, import_as)).await;
    match staged.map_err(|error| StepError::internal(&error))? {
        Ok(_) => {}
        Err(ImportError::Differs { difference }) => return Err(differs(fleet, guild, &path, difference)),
        Err(ImportError::Write(error)) => return Err(of_write(fleet, guild, error).await),
        Err(error) => return Err(StepError::internal(&error)),
    }
    fleet.may_act()?;
    super::source::drop_bundles(fleet, guild).await;
    let fence = on_file(fleet, move |db| db.fence(guild)).await;
    let fence = fence.map_err(|error| StepError::internal(&error))?;
    let fence = fence.ok_or(MoveRefusal::NotHere)?;
    changed(fleet, &fence);
    imported(fleet, fence).await
}

/// The fence, where it says that this very freeze was brought in and compared; an error where it allows no import.
async fn verified_before(
    fleet: &Fleet,
    guild: GuildId,
    request: &ImportRequest,
) -> Result<Option<Fence>, StepError> {
    let fence = on_file(fleet, move |db| db.fence(guild)).await;
    let fence = fence.map_err(|error| StepError::internal(&error))?;
    let fence = fence.ok_or(MoveRefusal::NotHere)?;
    let access = Access::Import {
        epoch: request.epoch,
        move_id: request.move_id,
    };
    if let Err(refusal) = fence.state.allows(access) {
        return Err(of_write(fleet, guild, WriteError::Refused { guild, refusal }).await);
    }
    let here = fence.state.freeze_no;
    if request.freeze_no < here {
        return Err(MoveRefusal::Superseded {
            asked: request.freeze_no,
            here,
        }
        .into());
    }
    Ok((request.freeze_no == here && fence.state.digest.is_some()).then_some(fence))
}

async fn imported(fleet: &Fleet, fence: Fence) -> Result<Imported, StepError> {
    let guild = fence.guild_id;
    let sizes = on_file(fleet, move |db| db.guild_sizes(guild)).await;
    let sizes = sizes.map_err(|error| StepError::internal(&error))?;
    Ok(Imported {
        fence: told(&fence),
        rows: sizes.iter().map(|table| table.rows).sum(),
    })
}

/// Writes the source's bundle into a file of ours.
async fn fetch(fleet: &Arc<Fleet>, guild: GuildId, request: &ImportRequest) -> Result<PathBuf, StepError> {
    let path = fleet
        .moving
        .fetched_bundle(guild, request.move_id, request.freeze_no);
    let own = Arc::clone(fleet);
    let free = tokio::task::spawn_blocking(move || {
        own.moving.make_dir()?;
        own.moving.remove_bundles(guild);
        files::free_bytes(own.db.path())
    });
    let free = free.await.map_err(|error| StepError::internal(&error))?;
    let free = free.map_err(|error| StepError::internal(&error))?;
    let api = fleet.pod_api.clone().with_time(fleet.settings.bundle_timeout);
    let url = &request.source.api_url;
    let mut bundle = api
        .bundle(url, guild, request.move_id, request.freeze_no)
        .await
        .map_err(|error| no_bundle(&error))?;
    let needed = bundle.content_length().unwrap_or_default().saturating_mul(ROOM);
    if needed > free {
        return Err(MoveRefusal::DiskFull { needed, free }.into());
    }
    let failed = |error: &(dyn std::error::Error + 'static)| StepError::internal(error);
    let mut file = tokio::fs::File::create(&path)
        .await
        .map_err(|error| failed(&error))?;
    loop {
        let chunk = bundle.chunk().await.map_err(|error| MoveRefusal::NoBundle {
            why: Chain(&error).to_string(),
            refused: None,
        })?;
        let Some(chunk) = chunk else { break };
        file.write_all(&chunk).await.map_err(|error| failed(&error))?;
    }
    file.flush().await.map_err(|error| failed(&error))?;
    Ok(path)
}

fn no_bundle(error: &PodApiError) -> StepError {
    MoveRefusal::NoBundle {
        why: Chain(error).to_string(),
        refused: error.refusal().cloned().map(Box::new),
    }
    .into()
}

/// The bundle, if it is that of this guild with the digest that the freeze answered.
async fn check(
    fleet: &Arc<Fleet>,
    path: PathBuf,
    guild: GuildId,
    request: &ImportRequest,
) -> Result<Bundle, StepError> {
    let (digest, epoch, fleet) = (request.digest, request.epoch, Arc::clone(fleet));
    let work = move || match Bundle::open(&path) {
        Err(error) => Err(differs(&fleet, guild, &path, Chain(&error).to_string())),
        Ok(bundle) => {
            let header = bundle.header();
            let difference = if header.guild_id != guild {
                format!("it is guild {}", header.guild_id)
            } else if header.epoch >= epoch {
                format!("it is of epoch {}", header.epoch)
            } else if header.guild_digest != Some(digest) {
                let found = header.guild_digest.map(|digest| digest.short());
                format!(
                    "its digest is {}, not {}",
                    found.as_deref().unwrap_or("missing"),
                    digest.short()
                )
            } else {
                readable(header.schema)?;
                return Ok(bundle);
            };
            Err(differs(&fleet, guild, &path, difference))
        }
    };
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StepError::internal(&error))?
}

fn differs(fleet: &Fleet, guild: GuildId, path: &Path, difference: String) -> StepError {
    let kept = fleet.moving.keep_for_a_look(guild, path).display().to_string();
    MoveRefusal::Differs { difference, kept }.into()
}
