//! How a change is told: one line for people, a document for programs.

use serde::Serialize;

use super::failure::Failure;
use super::output::{Format, Render};
use crate::domain::store_stamp::StoreStamp;
use crate::store::config_db::Stamped;

/// A change that was made, was not needed, or would be made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeView {
    /// What it is about, in the form that verbs take.
    pub(super) subject: String,
    /// The verb, as in `pod cordon`.
    pub(super) action: &'static str,
    /// What was so before; `None`: nothing.
    pub(super) before: Option<String>,
    /// What is so now.
    pub(super) after: String,
    /// Whether there was anything to do.
    pub(super) changed: bool,
    /// Whether it was only tried.
    pub(super) dry_run: bool,
    /// What speaks against it, though it may be done.
    pub(super) doubt: Option<String>,
    /// The line for people.
    #[serde(skip)]
    pub(super) line: String,
}

impl ChangeView {
    /// What it does, for the question before it is done.
    pub(super) fn effect(&self) -> Option<String> {
        let doubt = self
            .doubt
            .as_ref()
            .map(|doubt| format!(" ({doubt})"))
            .unwrap_or_default();
        self.changed.then(|| match &self.before {
            Some(before) => format!("{before} -> {}{doubt}", self.after),
            None => format!("{}{doubt}", self.after),
        })
    }

    /// Prints it.
    pub(super) fn print(&self, render: &mut Render<'_>) -> Result<(), Failure> {
        if let Some(doubt) = &self.doubt {
            render.printer.warn(doubt)?;
        }
        match render.output.output {
            Format::Json => return render.single_json("Change", self),
            Format::Name => writeln!(render.printer.stdout(), "{}", self.subject)?,
            Format::Table | Format::Wide => {
                let note = if self.dry_run && self.changed {
                    "dry run, nothing changed: "
                } else {
                    ""
                };
                writeln!(render.printer.stdout(), "{note}{}", self.line)?;
            }
        }
        Ok(())
    }
}

/// A change and where in the store's history it stands, where that is known.
pub(super) struct Told {
    pub(super) change: ChangeView,
    pub(super) stamp: Option<StoreStamp>,
}

impl From<Stamped<ChangeView>> for Told {
    fn from(stamped: Stamped<ChangeView>) -> Self {
        Self {
            change: stamped.value,
            stamp: Some(stamped.stamp),
        }
    }
}
