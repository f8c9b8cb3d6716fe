//! The portal's accounts go into PostgreSQL.

use std::sync::Arc;

use super::{LoadError, Prepared};
use crate::domain::legacy::OldValue;
use crate::domain::legacy::tables::OldTable;
use crate::operations::consent::Authority;
use crate::operations::legacy::progress::{Progress, Step};
use crate::store::config_db::{ConfigDb, PortalUser};
use crate::store::legacy_db::LegacyDb;

/// Accounts in one change of the store.
const BATCH: usize = 5_000;

/// What became of the accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsersReport {
    /// In the split.
    pub total: u64,
    /// That were new to the store.
    pub added: u64,
    /// That PostgreSQL cannot hold: they stay in the split's file.
    pub left_out: Vec<LeftOutUser>,
}

/// An account that was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutUser {
    /// Its row in the split's file.
    pub rowid: i64,
    /// The column at fault.
    pub column: &'static str,
    /// Why.
    pub reason: &'static str,
}

pub(super) async fn load(
    db: &ConfigDb,
    prepared: Arc<Prepared>,
    authority: &Authority,
    progress: Arc<dyn Progress + Send>,
) -> Result<UsersReport, LoadError> {
    let mut report = UsersReport {
        total: prepared.users,
        ..UsersReport::default()
    };
    progress.begin(Step::Users, Some(prepared.users));
    let (send, mut batches) = tokio::sync::mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || read(&prepared, &send));
    while let Some(batch) = batches.recv().await {
        progress.advance(batch.len() as u64);
        report.added += db.add_portal_users(&batch, authority.by()).await?.value;
    }
    report.left_out = reading.await.map_err(|_| LoadError::Panicked)??;
    Ok(report)
}

/// Sends every account that can be loaded, and returns the others.
fn read(
    prepared: &Prepared,
    send: &tokio::sync::mpsc::Sender<Vec<PortalUser>>,
) -> Result<Vec<LeftOutUser>, LoadError> {
    let global = LegacyDb::open(&prepared.global, &prepared.scratch)?;
    let mut batch = Vec::new();
    let mut left_out = Vec::new();
    let columns = ["id", "email", "externalId", "authProvider"];
    global.for_each_row_of(OldTable::Users, &columns, |rowid, values| {
        match user(values) {
            Ok(user) => batch.push(user),
            Err((column, reason)) => left_out.push(LeftOutUser {
                rowid,
                column,
                reason,
            }),
        }
        if batch.len() == BATCH {
            // Where nobody takes it, the store has failed and says so.
            let _ = send.blocking_send(std::mem::take(&mut batch));
        }
        Ok::<_, LoadError>(())
    })?;
    if !batch.is_empty() {
        let _ = send.blocking_send(batch);
    }
    Ok(left_out)
}

fn user(values: &[OldValue<'_>]) -> Result<PortalUser, (&'static str, &'static str)> {
    let text = |place: usize, column: &'static str| text(&values[place]).map_err(|why| (column, why));
    Ok(PortalUser {
        user_id: text(0, "id")?.ok_or(("id", "NULL"))?,
        email: text(1, "email")?,
        external_id: text(2, "externalId")?.ok_or(("externalId", "NULL"))?,
        auth_provider: text(3, "authProvider")?.unwrap_or_else(|| "discord".to_owned()),
    })
}

/// A value as PostgreSQL holds texts.
fn text(value: &OldValue<'_>) -> Result<Option<String>, &'static str> {
    match value {
        OldValue::Null => Ok(None),
        OldValue::Integer(number) => Ok(Some(number.to_string())),
        OldValue::Text(bytes) if bytes.contains(&0) => Err("a NUL character, which PostgreSQL cannot hold"),
        OldValue::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Some(text.to_owned())),
            Err(_) => Err("no UTF-8"),
        },
        OldValue::Real(_) => Err("a fraction, no text"),
        OldValue::Blob(_) => Err("bytes, no text"),
    }
}
