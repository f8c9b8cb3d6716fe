//! How far a long operation has come, for whoever shows it.

/// A part of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// SQLite looks through every page of the source.
    Checking,
    /// Rows are counted per guild.
    Counting,
    /// Every row is read.
    Reading,
    /// Rows are written.
    Writing,
    /// Rows of the source and of the output are compared.
    Comparing,
    /// Indexes are built, files are synced.
    Finishing,
    /// Whole files are copied.
    Copying,
    /// Accounts go into the config store.
    Users,
}

impl Step {
    /// What is being done, for people.
    pub const fn doing(self) -> &'static str {
        match self {
            Self::Checking => "checking pages",
            Self::Counting => "counting rows",
            Self::Reading => "reading rows",
            Self::Writing => "writing rows",
            Self::Comparing => "comparing rows",
            Self::Finishing => "building indexes",
            Self::Copying => "copying files",
            Self::Users => "adding users",
        }
    }
}

/// Is told how far an operation has come; called for every row, so it must be cheap.
pub trait Progress: Sync {
    /// A step begins; `total` rows, where that is known.
    fn begin(&self, step: Step, total: Option<u64>);
    /// So many rows more are done.
    fn advance(&self, rows: u64);
}

/// Nobody looks.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Step, _: Option<u64>) {}

    fn advance(&self, _: u64) {}
}
