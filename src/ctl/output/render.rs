//! Printing things in the form that was asked for.

use serde::Serialize;

use super::envelope::{API_VERSION, List, Single, StoreView};
use super::table::{self, Cells, Column};
use super::{Format, OutputArgs};
use crate::ctl::failure::Failure;
use crate::ctl::printer::Printer;

/// A thing that can be listed.
pub(in crate::ctl) trait Row: Serialize {
    /// What it is, as in `Guild`; a list of them is a `GuildList`.
    const KIND: &'static str;
    /// Its columns.
    const COLUMNS: &'static [Column];

    /// Its name in the form that verbs take: `guild/123`.
    fn name(&self) -> String;

    /// Its cells, one for each column; `now_ms` is for ages.
    fn cells(&self, now_ms: i64) -> Cells;
}

/// Everything that printing needs beside the things themselves.
pub(in crate::ctl) struct Render<'a> {
    pub(in crate::ctl) printer: &'a mut Printer,
    pub(in crate::ctl) output: OutputArgs,
    pub(in crate::ctl) now_ms: i64,
    /// Who says so: `config`, later `pod` and `bucket`.
    pub(in crate::ctl) witness: &'static str,
    pub(in crate::ctl) store: Option<StoreView>,
}

impl Render<'_> {
    /// Prints a list. Without rows the table form says so on stderr, as an empty screen says nothing.
    pub(in crate::ctl) fn list<T: Row>(&mut self, items: &[T]) -> Result<(), Failure> {
        match self.output.output {
            Format::Json => self.json(&List {
                api_version: API_VERSION,
                kind: format!("{}List", T::KIND),
                witness: self.witness,
                store: self.store.clone().as_ref(),
                items,
            }),
            Format::Name => self.names(items),
            Format::Table | Format::Wide if items.is_empty() => {
                writeln!(self.printer.stderr(), "nothing found")?;
                Ok(())
            }
            Format::Table | Format::Wide => self.table(items),
        }
    }

    /// Prints one thing; `details` is what the table form shows.
    pub(in crate::ctl) fn single<T: Row>(
        &mut self,
        item: &T,
        details: &[(&str, String)],
    ) -> Result<(), Failure> {
        match self.output.output {
            Format::Json => self.single_json(T::KIND, item),
            Format::Name => self.names(std::slice::from_ref(item)),
            Format::Table | Format::Wide => self.details(details),
        }
    }

    /// Prints one thing as a document.
    pub(in crate::ctl) fn single_json<T: Serialize>(
        &mut self,
        kind: &'static str,
        item: &T,
    ) -> Result<(), Failure> {
        self.json(&Single {
            api_version: API_VERSION,
            kind,
            witness: self.witness,
            store: self.store.clone().as_ref(),
            item,
        })
    }

    /// Prints labelled lines, values aligned.
    pub(in crate::ctl) fn details(&mut self, details: &[(&str, String)]) -> Result<(), Failure> {
        let width = details
            .iter()
            .map(|(label, _)| label.len() + 1)
            .max()
            .unwrap_or_default();
        let out = self.printer.stdout();
        for (label, value) in details {
            let value = if value.is_empty() { "-" } else { value };
            writeln!(out, "{:<width$}  {value}", format!("{label}:"))?;
        }
        Ok(())
    }

    /// Prints a table, whatever the form asked for.
    pub(in crate::ctl) fn table<T: Row>(&mut self, items: &[T]) -> Result<(), Failure> {
        let rows = items.iter().map(|item| item.cells(self.now_ms)).collect();
        let wide = self.output.output == Format::Wide;
        let text = table::text(T::COLUMNS, rows, wide, !self.output.no_headers);
        writeln!(self.printer.stdout(), "{text}")?;
        Ok(())
    }

    fn names<T: Row>(&mut self, items: &[T]) -> Result<(), Failure> {
        let out = self.printer.stdout();
        for item in items {
            writeln!(out, "{}", item.name())?;
        }
        Ok(())
    }

    fn json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        let out = self.printer.stdout();
        serde_json::to_writer_pretty(&mut *out, document)?;
        writeln!(out)?;
        Ok(())
    }
}
