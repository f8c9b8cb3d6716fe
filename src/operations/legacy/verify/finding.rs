//! What can be wrong with a split.

use crate::domain::ids::GuildId;
use crate::domain::legacy::tables::OldTable;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A file is missing or cannot be read: what it should hold was not compared.
    File {
        /// The file's name in the split.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A guild's fence is missing, wrong or in the wrong file.
    Fence {
        /// The file.
        file: String,
        /// The guild.
        guild: GuildId,
        /// What is wrong.
        problem: String,
    },
    /// A guild has rows in a file that is not its pod's.
    WrongFile {
        /// The file.
        file: String,
        /// The guild.
        guild: GuildId,
        /// Its rows there.
        rows: u64,
    },
    /// A pod's file has rows that no old database has.
    NewRows {
        /// The file.
        file: String,
        /// The table.
        table: &'static str,
        /// The rows.
        rows: u64,
    },
    /// A row is wrong.
    Row(RowFinding),
}

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowFinding {
    /// The file in which it is, or should be.
    pub file: String,
    /// The table.
    pub table: OldTable,
    /// The guild, where the row is one of a guild's.
    pub guild: Option<GuildId>,
    /// What names the row in its table.
    pub key: String,
    /// What is wrong with it.
    pub problem: RowProblem,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowProblem {
    /// The source has it, the split does not.
    Missing,
    /// The split has it, the source does not.
    Added,
    /// Both have it, with different values.
    Changed {
        /// The columns that differ.
        columns: Vec<&'static str>,
    },
    /// The split has it for another guild than the source.
    Moved {
        /// Whose it is in the source; `None` where it should be in quarantine.
        from: Option<GuildId>,
    },
    /// It is in quarantine for another reason than it should be.
    Reason,
}

impl RowProblem {
    /// A short name, stable in machine output.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Added => "added",
            Self::Changed { .. } => "changed",
            Self::Moved { .. } => "moved",
            Self::Reason => "reason",
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File { file, problem } => write!(f, "{file}: {problem}"),
            Self::Fence { file, guild, problem } => write!(f, "{file}: guild {guild}: {problem}"),
            Self::WrongFile { file, guild, rows } => {
                write!(
                    f,
                    "{file}: {rows} rows of guild {guild}, which belongs to another pod"
                )
            }
            Self::NewRows { file, table, rows } => {
                write!(f, "{file}: {rows} rows of {table}, which no old database has")
            }
            Self::Row(row) => row.fmt(f),
        }
    }
}

impl std::fmt::Display for RowFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} ", self.file, self.table)?;
        if let Some(guild) = self.guild {
            write!(f, "of guild {guild} ")?;
        }
        write!(f, "{}: ", self.key)?;
        match &self.problem {
            RowProblem::Missing => f.write_str("missing"),
            RowProblem::Added => f.write_str("added, not in the source"),
            RowProblem::Changed { columns } => write!(f, "changed in {}", columns.join(", ")),
            RowProblem::Moved { from: Some(guild) } => write!(f, "moved here from guild {guild}"),
            RowProblem::Moved { from: None } => f.write_str("moved here, belongs into quarantine"),
            RowProblem::Reason => f.write_str("kept for another reason than the source gives"),
        }
    }
}

/// A pod's file that belongs to another split than the manifest.
#[derive(Debug, thiserror::Error)]
#[error("it is of another split than the manifest")]
pub(super) struct OfAnotherSplit;
