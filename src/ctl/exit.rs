//! Exit codes. Scripts depend on them: a code's meaning never changes.

use std::process::ExitCode;

/// How `modbotctl` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// Done, or nothing to do; also when the reader of the output went away.
    Done = 0,
    /// An unexpected failure.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// Refused by the state of the world.
    Refused = 3,
    /// Consent is missing, or the store does not let this user in.
    NotAllowed = 4,
    /// No such thing.
    NotFound = 5,
    /// Some of it was done and some was not.
    Partial = 6,
    /// A verification failed.
    VerificationFailed = 7,
    /// Unreachable, or no answer in time.
    Unreachable = 8,
    /// Interrupted.
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status, in order.
    pub const ALL: [Self; 10] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Refused,
        Self::NotAllowed,
        Self::NotFound,
        Self::Partial,
        Self::VerificationFailed,
        Self::Unreachable,
        Self::Interrupted,
    ];

    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// What it means, as help and the manual say it.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Failed => "unexpected failure",
            Self::Usage => "wrong usage",
            Self::Refused => "refused by the state of the world; nothing was changed",
            Self::NotAllowed => "consent missing, or access denied",
            Self::NotFound => "no such pod, guild or other thing",
            Self::Partial => "partly done; the output says which part",
            Self::VerificationFailed => "a verification failed",
            Self::Unreachable => "unreachable or timed out; safe to run again",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// The table of codes that ends the help text.
pub(super) fn table() -> String {
    let mut text = String::from("Exit codes:\n");
    for status in ExitStatus::ALL {
        let line = format!("  {:<4} {}\n", status.code(), status.meaning());
        text.push_str(&line);
    }
    text.truncate(text.trim_end().len());
    text
}
