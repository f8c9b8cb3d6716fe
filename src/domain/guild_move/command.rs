//! What a driver is told to do.

use std::time::Duration;

use super::stage::Cut;
use crate::domain::digest::GuildDigest;

/// One thing to do. The driver does them in order and answers the last with an [`super::Event`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Change the move's row, if it is still what the machine believes it to be.
    Write(Write),
    /// Ask a pod.
    Call(Call),
    /// Read the row again.
    Read,
    /// Let this time pass. As the last command: then begin again.
    Wait(Duration),
    /// This driver has no more to do.
    End(Ended),
}

/// A change of the move's row: a compare-and-set on its step and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// From planned: the clean-up's row first, then `prepared` with the next number.
    Prepare,
    /// From prepared: `frozen` with the next number, and the present lives of both pods.
    Freeze,
    /// From frozen: the target holds the cut.
    Verify(Cut),
    /// From verified: owner, epoch and step at once, if both pods still live the lives recorded at the freeze.
    Flip,
    /// From flipped: the target serves.
    Start,
    /// From started: the source's rows are gone.
    Clean,
    /// From frozen or verified: back to `prepared`, under the number of the freeze that is over.
    Thaw {
        /// Why.
        why: String,
    },
    /// From every step before the flip.
    Abort {
        /// Why.
        why: String,
    },
}

/// A call to a pod. Each may be repeated: its fence knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Target: make room; the fence says importing.
    Prepare {
        /// The command's number.
        no: u64,
    },
    /// Source: stop, empty the wire, say where.
    Freeze {
        /// The command's number.
        no: u64,
    },
    /// Source: this freeze is over, go on.
    Thaw {
        /// The number of the freeze.
        no: u64,
    },
    /// Target: take the rows from the source, and verify them.
    Import {
        /// The number of the freeze.
        no: u64,
        /// What they must come to.
        digest: GuildDigest,
    },
    /// Target: serve what was verified.
    Serve {
        /// The number of the freeze.
        no: u64,
        /// What was verified.
        digest: GuildDigest,
    },
    /// Source: the guild is owned elsewhere.
    Retire,
    /// Target: the import is given up.
    DropImport,
    /// Target: does your replica hold the guild?
    Custody,
    /// Source: delete the rows, at the tombstone of this move's epoch.
    Forget,
}

/// How a driver's work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The target serves; the source's rows go later.
    Served,
    /// The source's rows are gone, too.
    Cleaned,
    /// The target's replica does not hold the guild yet: later.
    NotYetCleaned,
    /// Given up: the source serves.
    Aborted,
    /// It cannot be given up any more: the guild has moved.
    TooLate,
}
