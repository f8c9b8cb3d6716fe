//! A verb that failed: the exit code, the chain of causes, and what to do about it.

use std::io::{self, Write};

use serde::Serialize;

use super::exit::ExitStatus;
use super::output::{API_VERSION, Format};
use super::printer::Printer;
use super::style;
use crate::store::config_db::{ErrorClass, SchemaError, StoreError};

/// Why a verb ends with something other than success.
#[derive(Debug)]
pub(super) struct Failure {
    status: ExitStatus,
    /// What was being done, as in `cannot cordon pod-3`.
    doing: Option<String>,
    error: anyhow::Error,
    hint: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    error: String,
    causes: Vec<String>,
    hint: Option<&'a str>,
    exit_code: u8,
}

impl Failure {
    /// A failure that ends with `status`.
    pub(super) fn new(status: ExitStatus, error: impl Into<anyhow::Error>) -> Self {
        Self {
            status,
            doing: None,
            error: error.into(),
            hint: None,
        }
    }

    /// A failure in one sentence, without a full stop.
    pub(super) fn message(status: ExitStatus, message: impl Into<String>) -> Self {
        Self::new(status, anyhow::Error::msg(message.into()))
    }

    /// Says what could not be done, as in `cannot cordon pod-3`.
    #[must_use]
    pub(super) fn while_doing(mut self, what: impl Into<String>) -> Self {
        self.doing = Some(what.into());
        self
    }

    /// Says what to do about it.
    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code.
    #[cfg(test)]
    pub(super) const fn status(&self) -> ExitStatus {
        self.status
    }

    /// Whether the reader of the output went away: no failure at all, as `head` and `less` leave early.
    fn is_broken_pipe(&self) -> bool {
        self.error
            .chain()
            .filter_map(|cause| cause.downcast_ref::<io::Error>())
            .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Prints it on stderr and gives the exit status.
    pub(super) fn report(&self, printer: &mut Printer, format: Format) -> ExitStatus {
        if self.is_broken_pipe() {
            return ExitStatus::Done;
        }
        // Where stderr is gone too there is nobody left to tell.
        let _ = match format {
            Format::Json => self.write_json(printer.stderr()),
            Format::Table | Format::Wide | Format::Name => self.write_text(printer.stderr()),
        };
        self.status
    }

    fn headline(&self) -> String {
        match &self.doing {
            Some(doing) => format!("{doing}: {}", self.error),
            None => self.error.to_string(),
        }
    }

    /// What caused it, outermost first. Some libraries repeat their cause in their own text: told once.
    fn causes(&self) -> Vec<String> {
        let mut last = self.error.to_string();
        let mut causes = Vec::new();
        for cause in self.error.chain().skip(1).map(ToString::to_string) {
            if !last.ends_with(&cause) {
                causes.push(cause.clone());
                last = cause;
            }
        }
        causes
    }

    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let (bad, good) = (style::ERROR, style::HINT);
        writeln!(out, "{bad}error:{bad:#} {}", self.headline())?;
        for cause in self.causes() {
            writeln!(out, "  caused by: {cause}")?;
        }
        if let Some(hint) = &self.hint {
            writeln!(out, "\n{good}hint:{good:#} {hint}")?;
        }
        Ok(())
    }

    fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        let document = Document {
            api_version: API_VERSION,
            kind: "Error",
            error: self.headline(),
            causes: self.causes(),
            hint: self.hint.as_deref(),
            exit_code: self.status.code(),
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        writeln!(out)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(ExitStatus::Failed, error).while_doing("cannot write the output")
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        // A writer's error keeps its kind, so that a broken pipe is known for what it is.
        Self::from(io::Error::from(error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hint = hint_for(&error);
        let failure = Self::new(status_of(&error), error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

pub(super) const fn status_of(error: &StoreError) -> ExitStatus {
    match error {
        StoreError::ConnectionRefused(_) => ExitStatus::NotAllowed,
        StoreError::BadUrl(_) => ExitStatus::Usage,
        other => match other.class() {
            ErrorClass::Unavailable => ExitStatus::Unreachable,
            ErrorClass::Recovering | ErrorClass::Refused => ExitStatus::Refused,
            ErrorClass::NotFound => ExitStatus::NotFound,
            ErrorClass::Internal => ExitStatus::Failed,
        },
    }
}

pub(super) fn hint_for(error: &StoreError) -> Option<&'static str> {
    Some(match error {
        StoreError::Unreachable(_) | StoreError::TimedOut(_) => {
            "check --store (MODBOT_STORE_URL) and that PostgreSQL is up; running this again is safe"
        }
        StoreError::ConnectionRefused(_) => "check user, password and database in --store (MODBOT_STORE_URL)",
        StoreError::Schema(SchemaError::Missing | SchemaError::Older { .. }) => "modbotctl store migrate",
        StoreError::Schema(SchemaError::Newer { .. }) => {
            "use the modbotctl of the newer version; `modbotctl store status` shows both schemas"
        }
        StoreError::Schema(SchemaError::Altered { .. }) => {
            "this store was migrated by another build; `modbotctl store status` shows both schemas"
        }
        StoreError::Recovering { .. } => {
            "it goes on when every pod that had a lease has reported; `modbotctl status` shows which have not"
        }
        StoreError::NoSuchPod(_) => "modbotctl pod list",
        StoreError::NoSuchGuild(_) => "modbotctl guild list; a guild is known once it was placed or assigned",
        StoreError::NoSuchMove(_) => "modbotctl move list",
        StoreError::MoveActive { .. } => {
            "modbotctl move list --active; `move resume` and `move abort` end it"
        }
        StoreError::LeftOvers { .. } => {
            "they go when the present owner is known to have the guild: see `modbotctl move list --guild`"
        }
        _ => return None,
    })
}
