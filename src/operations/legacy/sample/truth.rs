//! What is true of a sample: where each of its rows must end up. Kept by the generator, not asked of the rules.

use std::collections::{BTreeMap, HashSet};

use super::rows::Row;
use super::traps::{Fate, is_evidence};
use crate::domain::ids::GuildId;
use crate::domain::legacy::json::Settings;
use crate::domain::legacy::tables::OldTable;
use crate::domain::legacy::{OldValue, OwnedValue, Refusal};

/// Where the rows of a sample must end up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    /// Rows per guild and table.
    pub per_guild: BTreeMap<GuildId, BTreeMap<OldTable, u64>>,
    /// Rows in quarantine per table and reason.
    pub quarantined: BTreeMap<(OldTable, Refusal), u64>,
    /// Rows of the fleet per table.
    pub global: BTreeMap<OldTable, u64>,
    /// Rows that are not carried per table.
    pub dropped: BTreeMap<OldTable, u64>,
}

impl Truth {
    /// Rows of the whole sample.
    pub fn rows(&self) -> u64 {
        let guilds = self.per_guild.values().flat_map(BTreeMap::values);
        let rest = [&self.global, &self.dropped]
            .into_iter()
            .flat_map(|counts| counts.values());
        guilds.chain(rest).chain(self.quarantined.values()).sum()
    }

    pub(super) fn count(&mut self, table: OldTable, fate: Fate) {
        *match fate {
            Fate::Guild(guild) => self.per_guild.entry(guild).or_default().entry(table).or_default(),
            Fate::Quarantine(refusal) => self.quarantined.entry((table, refusal)).or_default(),
            Fate::Global => self.global.entry(table).or_default(),
            Fate::Dropped => self.dropped.entry(table).or_default(),
        } += 1;
    }
}

/// Channels and roles that some row has tied to a guild so far.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    named: HashSet<Vec<u8>>,
}

impl Evidence {
    /// Notes what a row of a guild says.
    pub(super) fn note(&mut self, table: OldTable, row: &Row) {
        for (column, value) in table.spec().columns.iter().zip(row) {
            if let OwnedValue::Text(text) = value
                && is_evidence(table, column.name)
            {
                self.named.insert(text.clone());
            }
        }
        if table == OldTable::Guilds
            && let Some(OldValue::Text(text)) = row.get(1).map(OwnedValue::borrowed)
        {
            let (settings, _) = Settings::read(std::str::from_utf8(text).ok());
            let ids = [settings.mod_log, settings.deletion_log, settings.moderator];
            self.named
                .extend(ids.into_iter().flatten().map(|id| id.to_string().into_bytes()));
        }
    }

    /// Whether any row has tied this channel or role to a guild.
    pub(super) fn knows(&self, id: &OwnedValue) -> bool {
        matches!(id, OwnedValue::Text(text) if self.named.contains(text))
    }
}
