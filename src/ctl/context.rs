//! What every verb is given.

use super::failure::Failure;
use super::output::{OutputArgs, Render, StoreView};
use super::printer::Printer;
use crate::domain::store_stamp::StoreStamp;
use crate::runtime::clock::{Clock, SystemClock};

/// The witness of what the config store says.
pub(super) const CONFIG: &str = "config";

/// What every verb is given: where to print, and what time it is.
pub(super) struct Context {
    pub(super) printer: Printer,
    pub(super) now_ms: i64,
}

impl Context {
    pub(super) fn new(printer: Printer) -> Self {
        Self {
            printer,
            now_ms: SystemClock.unix_ms(),
        }
    }

    /// Gets ready to print what the config store says, with a warning where that may be old.
    pub(super) fn render(&mut self, output: OutputArgs, stamp: &StoreStamp) -> Result<Render<'_>, Failure> {
        if stamp.recovering {
            let words = "the config store is recovering: who owns what may be out of date";
            self.printer.warn(words)?;
        }
        Ok(Render {
            store: Some(StoreView::from(stamp)),
            ..self.render_without_store(output, CONFIG)
        })
    }

    /// Gets ready to print what does not come with a place in the store's history.
    pub(super) fn render_without_store(&mut self, output: OutputArgs, witness: &'static str) -> Render<'_> {
        Render {
            printer: &mut self.printer,
            output,
            now_ms: self.now_ms,
            witness,
            store: None,
        }
    }
}
