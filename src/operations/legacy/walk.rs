//! Every row of the old database with what becomes of it: the one path that inspect, split and verify take.

use crate::domain::legacy::attribution::Attribution;
use crate::domain::legacy::row::{self, CarriedRow};
use crate::domain::legacy::tables::{OldTable, Scope};
use crate::domain::legacy::{OldValue, Refusal, Tally};
use crate::store::legacy_db::{LegacyDb, SourceError};

/// What becomes of a row.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time, on the stack, and nearly always the large one"
)]
pub(super) enum Place<'a> {
    /// It goes to its guild's pod, in this form.
    Pod(CarriedRow<'a>),
    /// It goes to quarantine, byte for byte.
    Quarantine(Refusal),
    /// It belongs to the fleet, byte for byte.
    Global,
    /// It is not carried.
    Dropped,
}

/// One row of the old database.
#[derive(Debug)]
pub(super) struct SourceRow<'r, 'a> {
    pub(super) table: OldTable,
    pub(super) rowid: i64,
    pub(super) values: &'r [OldValue<'a>],
}

/// Gives every row and its place to `each`, table by table, and counts what was changed on the way.
pub(super) fn walk<E: From<SourceError>>(
    source: &LegacyDb,
    attribution: &mut Attribution,
    tally: &mut Tally,
    mut each: impl FnMut(SourceRow<'_, '_>, Place<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for table in OldTable::ALL {
        source.for_each_row(table, |rowid, values| {
            let place = place(attribution, table, values, tally);
            each(SourceRow { table, rowid, values }, place)
        })?;
    }
    Ok(())
}

fn place<'a>(
    attribution: &mut Attribution,
    table: OldTable,
    values: &[OldValue<'a>],
    tally: &mut Tally,
) -> Place<'a> {
    let spec = table.spec();
    match spec.scope {
        Scope::Global => return Place::Global,
        Scope::Dropped => return Place::Dropped,
        _ => {}
    }
    // Counted for itself: a row that is refused half-way has changed nothing.
    let mut own = Tally::default();
    let carried = attribution
        .home(spec, values)
        .and_then(|guild| row::carry(spec, guild, values, &mut own));
    match carried {
        Ok(row) => {
            tally.add(&own);
            Place::Pod(row)
        }
        Err(refusal) => {
            // Its votes come later and must not stand in a pod without it.
            if table == OldTable::Escalations
                && let Some(key) = spec.position("id")
            {
                attribution.refuse_escalation(values[key]);
            }
            Place::Quarantine(refusal)
        }
    }
}
