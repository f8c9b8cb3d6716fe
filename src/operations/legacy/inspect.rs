//! What is in an old database, and what would become of it: reads everything, writes nothing.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::domain::ids::GuildId;
use crate::domain::legacy::instant::{self, Reading, Spelling};
use crate::domain::legacy::tables::{OldTable, Rule, Scope};
use crate::domain::legacy::{OldValue, Refusal, Tally, id, payload_bytes, show};
use crate::operations::legacy::census::{Census, census};
use crate::operations::legacy::progress::{Progress, Step};
use crate::operations::legacy::walk::{Place, SourceRow, walk};
use crate::store::legacy_db::{LegacyDb, SourceError};
use crate::store::read_only::Method;

/// Samples kept of each finding.
const SAMPLES: usize = 3;
/// Characters of a sample's value.
const SAMPLE_CHARACTERS: usize = 40;

/// What an old database holds.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The file itself.
    pub file: FileFacts,
    /// Its tables, in the order of [`OldTable::ALL`].
    pub tables: Vec<TableFacts>,
    /// Tables that are not the old bot's, with their rows: left where they are.
    pub foreign_tables: Vec<(String, u64)>,
    /// Guilds that a pod can own, largest first.
    pub guilds: Vec<GuildFacts>,
    /// First and last moment that a row was made, in Unix milliseconds.
    pub made_ms: Option<(i64, i64)>,
    /// Rows that would go to quarantine.
    pub quarantine: Vec<QuarantineFacts>,
    /// What would be changed on the way.
    pub changes: Tally,
    /// What is worth knowing beforehand.
    pub notes: Vec<Note>,
}

/// The file of an old database.
#[derive(Debug, Clone)]
pub struct FileFacts {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of its write-ahead log.
    pub wal_bytes: u64,
    /// How it was read.
    pub method: Method,
    /// The last migration that was applied.
    pub migration: String,
}

/// One table.
#[derive(Debug, Clone, Copy)]
pub struct TableFacts {
    /// Which.
    pub table: OldTable,
    /// Its rows.
    pub rows: u64,
    /// Bytes of its values.
    pub bytes: u64,
}

/// One guild.
#[derive(Debug, Clone, Copy)]
pub struct GuildFacts {
    /// Which.
    pub guild: GuildId,
    /// Its rows that a pod would get.
    pub rows: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Whether it has a row in `guilds`.
    pub registered: bool,
}

/// Rows of one table that would go to quarantine for one reason.
#[derive(Debug, Clone)]
pub struct QuarantineFacts {
    /// The table.
    pub table: OldTable,
    /// Why.
    pub refusal: Refusal,
    /// How many.
    pub rows: u64,
    /// The first few: rowid, and the value at fault.
    pub samples: Vec<String>,
}

/// Something about the data that is carried as it is, or cannot be carried, and should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is.
    pub kind: NoteKind,
    /// How often.
    pub count: u64,
    /// The first few.
    pub samples: Vec<String>,
}

/// Kinds of [`Note`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoteKind {
    /// Guilds with rows, but none in `guilds`: never set up, or exported and deleted.
    Unregistered,
    /// Guilds with a row in `guilds` and nothing else.
    Bare,
    /// Guilds whose ids are one number to JavaScript.
    SharedDouble,
    /// Users with more than one account.
    SeveralAccounts,
    /// Instants before Discord existed: seconds in place of milliseconds, perhaps.
    BeforeDiscord,
}

impl NoteKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Unregistered,
        Self::Bare,
        Self::SharedDouble,
        Self::SeveralAccounts,
        Self::BeforeDiscord,
    ];

    /// A short name, stable in machine output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unregistered => "unregistered_guilds",
            Self::Bare => "bare_guilds",
            Self::SharedDouble => "ids_share_a_double",
            Self::SeveralAccounts => "several_accounts",
            Self::BeforeDiscord => "before_discord",
        }
    }

    /// What it is and what becomes of it, for people.
    pub const fn explain(self) -> (&'static str, &'static str) {
        match self {
            Self::Unregistered => (
                "guilds with rows but none in `guilds`",
                "carried, and not registered",
            ),
            Self::Bare => ("guilds with a row in `guilds` and nothing else", "carried"),
            Self::SharedDouble => (
                "guilds whose ids JavaScript cannot tell apart",
                "carried apart: ids are read exactly",
            ),
            Self::SeveralAccounts => ("Discord users with more than one portal account", "all carried"),
            Self::BeforeDiscord => ("times before 2015", "carried as they are: seconds, not ms?"),
        }
    }
}

/// Reads an old database and says what is in it.
pub fn inspect(path: &Path, scratch: &Path, progress: &dyn Progress) -> Result<Inspection, SourceError> {
    let source = LegacyDb::open(path, scratch)?;
    source.check_schema()?;
    progress.begin(Step::Checking, None);
    source.check_pages()?;
    let census = census(&source, progress)?;
    progress.begin(Step::Reading, Some(census.total()));
    let mut findings = Findings::default();
    let mut changes = Tally::default();
    let mut attribution = census.attribution.clone();
    walk(&source, &mut attribution, &mut changes, |row, place| {
        findings.see(&row, &place);
        progress.advance(1);
        Ok::<_, SourceError>(())
    })?;
    source.check_unchanged()?;
    let foreign_tables = source.foreign_tables()?;
    let migration = source
        .migrations()?
        .pop()
        .map(|(name, _)| name)
        .unwrap_or_default();
    let file = FileFacts {
        bytes: source.bytes(),
        wal_bytes: source.wal_bytes(),
        method: source.method(),
        migration,
    };
    Ok(findings.into_inspection(file, &census, foreign_tables, changes))
}

/// What is gathered row by row.
#[derive(Default)]
struct Findings {
    bytes: BTreeMap<OldTable, u64>,
    guilds: HashMap<GuildId, GuildFacts>,
    made_ms: Option<(i64, i64)>,
    quarantine: BTreeMap<(OldTable, Refusal), QuarantineFacts>,
    accounts: HashMap<Vec<u8>, u64>,
    early: Option<Note>,
}

impl Findings {
    fn see(&mut self, row: &SourceRow<'_, '_>, place: &Place<'_>) {
        let bytes: u64 = row.values.iter().map(|value| payload_bytes(value) as u64).sum();
        *self.bytes.entry(row.table).or_default() += bytes;
        match place {
            Place::Pod(carried) => {
                let facts = self.guilds.entry(carried.guild).or_insert(GuildFacts {
                    guild: carried.guild,
                    rows: 0,
                    bytes: 0,
                    registered: false,
                });
                facts.rows += 1;
                facts.bytes += bytes;
                facts.registered |= row.table == OldTable::Guilds;
            }
            Place::Quarantine(refusal) => self.refuse(row, *refusal),
            Place::Global => {
                if let Some(OldValue::Text(account)) = row.values.get(2) {
                    *self.accounts.entry(account.to_vec()).or_default() += 1;
                }
            }
            Place::Dropped => {}
        }
        if row.table.spec().scope != Scope::Dropped {
            self.see_instants(row);
        }
    }

    fn see_instants(&mut self, row: &SourceRow<'_, '_>) {
        for (column, value) in row.table.spec().columns.iter().zip(row.values) {
            let is_made = matches!(column.name, "created_at" | "voted_at" | "sent_at");
            if !is_made && !matches!(column.rule, Rule::Instant(_) | Rule::MaybeInstant) {
                continue;
            }
            let Ok(Reading::At { ms, .. }) = instant::read(*value) else {
                continue;
            };
            if ms < id::DISCORD_EPOCH_MS {
                let note = self.early.get_or_insert(Note {
                    kind: NoteKind::BeforeDiscord,
                    count: 0,
                    samples: Vec::new(),
                });
                note.count += 1;
                if note.samples.len() < SAMPLES {
                    note.samples.push(format!(
                        "{}.{} {}",
                        row.table,
                        column.name,
                        show(value, SAMPLE_CHARACTERS)
                    ));
                }
            } else if is_made {
                let (first, last) = self.made_ms.unwrap_or((ms, ms));
                self.made_ms = Some((first.min(ms), last.max(ms)));
            }
        }
    }

    fn refuse(&mut self, row: &SourceRow<'_, '_>, refusal: Refusal) {
        let key = (row.table, refusal);
        let facts = self.quarantine.entry(key).or_insert(QuarantineFacts {
            table: row.table,
            refusal,
            rows: 0,
            samples: Vec::new(),
        });
        facts.rows += 1;
        if facts.samples.len() < SAMPLES {
            facts.samples.push(sample(row, refusal));
        }
    }

    fn into_inspection(
        self,
        file: FileFacts,
        census: &Census,
        foreign_tables: Vec<(String, u64)>,
        changes: Tally,
    ) -> Inspection {
        let bytes = self.bytes;
        let facts = |(table, rows): &(OldTable, u64)| TableFacts {
            table: *table,
            rows: *rows,
            bytes: bytes.get(table).copied().unwrap_or(0),
        };
        let mut guilds: Vec<GuildFacts> = self.guilds.into_values().collect();
        guilds.sort_by_key(|guild| (std::cmp::Reverse(guild.rows), guild.guild));
        let several: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, count)| **count > 1)
            .map(|(name, _)| name)
            .collect();
        let mut notes = guild_notes(&guilds);
        notes.extend(note(
            NoteKind::SeveralAccounts,
            several
                .iter()
                .map(|n| show(&OldValue::Text(n), SAMPLE_CHARACTERS)),
        ));
        notes.extend(self.early);
        Inspection {
            file,
            tables: census.tables.iter().map(facts).collect(),
            foreign_tables,
            guilds,
            made_ms: self.made_ms,
            quarantine: self.quarantine.into_values().collect(),
            changes,
            notes,
        }
    }
}

/// The row and the value that is at fault.
fn sample(row: &SourceRow<'_, '_>, refusal: Refusal) -> String {
    let spec = row.table.spec();
    let at_fault = match refusal {
        Refusal::OrphanVote | Refusal::VoteOfRefused => Some("escalation_id"),
        Refusal::GuildTooLarge | Refusal::GuildUnreadable if spec.scope == Scope::Guild => {
            Some(crate::domain::legacy::attribution::guild_column(spec))
        }
        _ => refusal.column().or_else(|| spec.key.first().copied()),
    };
    let shown = at_fault.and_then(|column| {
        let value = row.values.get(spec.position(column)?)?;
        Some(format!(", {column} {}", show(value, SAMPLE_CHARACTERS)))
    });
    format!("rowid {}{}", row.rowid, shown.unwrap_or_default())
}

fn note(kind: NoteKind, found: impl Iterator<Item = String>) -> Option<Note> {
    let mut found: Vec<String> = found.collect();
    found.sort();
    let count = found.len() as u64;
    found.truncate(SAMPLES);
    (count > 0).then_some(Note {
        kind,
        count,
        samples: found,
    })
}

fn guild_notes(guilds: &[GuildFacts]) -> Vec<Note> {
    let unregistered = guilds
        .iter()
        .filter(|g| !g.registered)
        .map(|g| g.guild.to_string());
    let bare = guilds
        .iter()
        .filter(|g| g.registered && g.rows == 1)
        .map(|g| g.guild.to_string());
    let mut ids: Vec<GuildId> = guilds.iter().map(|g| g.guild).collect();
    ids.sort();
    let pairs = ids
        .windows(2)
        .filter(|pair| id::share_a_double(pair[0].as_i64(), pair[1].as_i64()));
    let shared = pairs.map(|pair| format!("{} and {}", pair[0], pair[1]));
    [
        note(NoteKind::Unregistered, unregistered),
        note(NoteKind::Bare, bare),
        note(NoteKind::SharedDouble, shared),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Inspection {
    /// Rows that would go to quarantine.
    pub fn quarantined(&self) -> u64 {
        self.quarantine.iter().map(|facts| facts.rows).sum()
    }

    /// Instants in another spelling than the normal form, by spelling.
    pub fn respelt(&self) -> impl Iterator<Item = (Spelling, u64)> {
        let others = Spelling::ALL
            .into_iter()
            .filter(|spelling| *spelling != Spelling::Iso);
        others
            .map(|spelling| (spelling, self.changes.spelling(spelling)))
            .filter(|(_, count)| *count > 0)
    }
}
