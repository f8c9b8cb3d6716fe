//! A starting pod asks config what it is to do, and does nothing before it knows: only a running pod goes on alone.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};
use tokio_util::sync::CancellationToken;

use crate::client::config_api::{Answer, AttachAnswer, AttachRequest, ConfigApi, ConfigApiError};
use crate::domain::ids::PodId;
use crate::domain::store_stamp::StorePosition;
use crate::gateway_service::pause::Pause;
use crate::runtime::clock::Clock;
use crate::runtime::error_chain::Chain;
use crate::runtime::files;
use crate::runtime::readiness::Check;
use crate::store::shard_db::{ShardDb, WriteError, WriteTx};

/// Changes with every boot of the machine; with the volume's lock it proves that a former process is dead.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What came of attaching.
#[derive(Debug)]
pub struct Attached {
    /// What config said.
    pub answer: Answer<AttachAnswer>,
    /// When it was asked, in time since boot: the lease runs from here.
    pub sent: Duration,
}

/// Why this file may never attach as this pod to this fleet.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The file belongs to another pod.
    #[error("the shard database belongs to {found}, and this is {asked} (MODBOT_POD)")]
    OtherPod {
        /// Whose it is.
        found: PodId,
        /// Who we are.
        asked: PodId,
    },
    /// The file has sessions of another number of Discord shards.
    #[error("the shard database has sessions of {found} Discord shards, and the fleet has {fleet}")]
    OtherShards {
        /// In the file.
        found: u32,
        /// In the fleet.
        fleet: u32,
    },
    /// A pod that was alone made the file.
    #[error(
        "the shard database has {guilds} guilds of a pod that ran alone, which the fleet knows nothing of: \
         bring them in with modbotctl legacy"
    )]
    RanAlone {
        /// How many guilds.
        guilds: u64,
    },
    /// Config is another fleet's.
    #[error("config (MODBOT_CONFIG_URL) serves another fleet than the shard database belongs to")]
    Foreign(#[source] ConfigApiError),
    /// The file cannot be read or written.
    #[error("the shard database failed")]
    File(#[from] WriteError),
}

/// What the file says of the fleet it belongs to.
#[derive(Debug, Default)]
pub struct Membership {
    /// How far the store's history had come when it was last heard of.
    pub position: Option<StorePosition>,
    /// The lineage of the file's replica.
    pub lineage: Option<u64>,
}

/// What the file says, unless it is not this pod's to attach with. Blocking.
pub fn membership(db: &ShardDb, pod: PodId) -> Result<Membership, AttachError> {
    let (store, owner, lineage, guilds, split) = db.read(|connection| {
        let text = |key| meta(connection, key);
        let guilds: i64 = connection.query_row("SELECT count(*) FROM guild_fence", [], |row| row.get(0))?;
        Ok::<_, WriteError>((
            text("store_position")?,
            text("pod")?,
            text("lineage")?,
            guilds,
            text("legacy_split_id")?,
        ))
    })?;
    if let Some(found) = owner.and_then(|text| text.parse::<PodId>().ok())
        && found != pod
    {
        return Err(AttachError::OtherPod { found, asked: pod });
    }
    if store.is_none() && split.is_none() && guilds > 0 {
        let guilds = guilds.unsigned_abs();
        return Err(AttachError::RanAlone { guilds });
    }
    Ok(Membership {
        position: store.and_then(|text| text.parse().ok()),
        lineage: lineage.and_then(|text| text.parse().ok()),
    })
}

fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
        .optional()
}

/// The machine's boot id.
pub fn boot_id() -> Result<String, files::FileError> {
    Ok(files::read_to_string(BOOT_ID.as_ref())?.trim().to_owned())
}

/// Asks until config answers; `None` where the pod stops first. Writes into the file whose it is.
pub async fn attach(
    api: &ConfigApi,
    pod: PodId,
    request: &AttachRequest,
    (db, clock): (&Arc<ShardDb>, &Arc<dyn Clock>),
    (check, stop, retry_max): (&Check, &CancellationToken, Duration),
) -> Result<Option<Attached>, AttachError> {
    let mut pause = Pause::new(retry_max);
    loop {
        let sent = clock.boottime();
        let answered = tokio::select! {
            answered = api.attach(pod, request) => answered,
            () = stop.cancelled() => return Ok(None),
        };
        let error = match answered {
            Ok(answer) => {
                write_membership(db, pod, &answer).await?;
                return Ok(Some(Attached { answer, sent }));
            }
            Err(error) => error,
        };
        if matches!(error, ConfigApiError::ForeignStore { .. }) || error.code() == Some("foreign_store") {
            return Err(AttachError::Foreign(error));
        }
        let why = Chain(&error).to_string();
        tracing::warn!(pod = %pod, error = why, "not attached; a starting pod serves nothing before config has said what");
        check.fail(format!("not attached to config: {why}"));
        let wait = error.retry_after().unwrap_or_default().max(pause.take());
        tokio::select! {
            () = tokio::time::sleep(wait.min(retry_max)) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

/// From here on the file is this pod's in this fleet, under this lineage.
async fn write_membership(
    db: &ShardDb,
    pod: PodId,
    answer: &Answer<AttachAnswer>,
) -> Result<(), AttachError> {
    let num_shards = answer.value.assignment.num_shards.get();
    let rows = [
        ("store_id", answer.stamp.position.store_id.to_string()),
        ("store_position", answer.stamp.position.to_string()),
        ("pod", pod.get().to_string()),
        ("incarnation", answer.value.assignment.incarnation.to_string()),
        ("lineage", answer.value.lineage.to_string()),
    ];
    let work = move |tx: &WriteTx<'_>| {
        let connection = tx.shard();
        let other: Option<u32> = connection
            .query_row(
                "SELECT num_shards FROM discord_session WHERE num_shards <> ?1 LIMIT 1",
                [num_shards],
                |row| row.get(0),
            )
            .optional()?;
        if other.is_some() {
            return Ok(other);
        }
        for (key, value) in &rows {
            connection.execute(
                "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                (key, value),
            )?;
        }
        Ok(None)
    };
    match db.writer().write("attach", work).await? {
        None => Ok(()),
        Some(found) => Err(AttachError::OtherShards {
            found,
            fleet: num_shards,
        }),
    }
}
