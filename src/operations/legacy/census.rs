//! The first look at every row: whose it is, and what the rows say about channels, roles and escalations.

use std::collections::HashMap;

use crate::domain::ids::GuildId;
use crate::domain::legacy::OldValue;
use crate::domain::legacy::attribution::{Attribution, channel_columns, guild_column};
use crate::domain::legacy::tables::{OldTable, Scope};
use crate::operations::legacy::progress::{Progress, Step};
use crate::store::legacy_db::{LegacyDb, SourceError};

/// What a first pass over the old database finds out.
#[derive(Debug, Clone, Default)]
pub struct Census {
    /// Tells whose a row is.
    pub attribution: Attribution,
    /// Rows of each guild, those that will be refused for other reasons included.
    pub rows: HashMap<GuildId, u64>,
    /// Rows per table, in the order of [`OldTable::ALL`].
    pub tables: Vec<(OldTable, u64)>,
}

impl Census {
    /// Rows of the whole database.
    pub fn total(&self) -> u64 {
        self.tables.iter().map(|(_, rows)| rows).sum()
    }
}

/// Counts the rows of every guild and learns what tells whose the other rows are.
pub fn census(source: &LegacyDb, progress: &dyn Progress) -> Result<Census, SourceError> {
    let mut census = Census::default();
    for table in OldTable::ALL {
        census.tables.push((table, source.count(table.name())?));
    }
    progress.begin(Step::Counting, Some(census.total()));
    for (table, column) in [
        (OldTable::TicketsConfig, "channel_id"),
        (OldTable::ChannelInfo, "id"),
    ] {
        source.for_each_row_of(table, &[column], |_, values| {
            census.attribution.want(values[0]);
            Ok::<_, SourceError>(())
        })?;
    }
    let scope = |table: &OldTable| table.spec().scope;
    // A vote, a ticket or a channel can only be told when all guilds have been heard.
    for table in OldTable::ALL
        .into_iter()
        .filter(|table| scope(table) == Scope::Guild)
    {
        learn_table(source, table, &mut census, progress)?;
    }
    let indirect =
        |table: &OldTable| matches!(scope(table), Scope::ThroughEscalation | Scope::ThroughChannel);
    for table in OldTable::ALL.into_iter().filter(indirect) {
        source.for_each_row(table, |_, values| {
            if let Ok(guild) = census.attribution.home(table.spec(), values) {
                *census.rows.entry(guild).or_default() += 1;
            }
            progress.advance(1);
            Ok::<_, SourceError>(())
        })?;
    }
    Ok(census)
}

fn learn_table(
    source: &LegacyDb,
    table: OldTable,
    census: &mut Census,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    let mut columns = vec![guild_column(table.spec())];
    columns.extend(channel_columns(table));
    let channels = columns.len();
    match table {
        OldTable::Guilds => columns.push("settings"),
        OldTable::Escalations => columns.push("id"),
        _ => {}
    }
    source.for_each_row_of(table, &columns, |_, values| {
        if let Ok(guild) = census.attribution.learn(values[0], &values[1..channels]) {
            *census.rows.entry(guild).or_default() += 1;
        }
        let also = values.get(channels).copied().unwrap_or(OldValue::Null);
        match table {
            OldTable::Guilds => census.attribution.learn_settings(values[0], also),
            OldTable::Escalations => census.attribution.learn_escalation(also, values[0]),
            _ => {}
        }
        progress.advance(1);
        Ok(())
    })
}
