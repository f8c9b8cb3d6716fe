//! What verbs print: tables for people, an envelope for programs, names for `xargs`.
//!
//! The format never depends on whether stdout is a terminal. Within `modbot/v1` fields are only added.

mod age;
mod envelope;
mod figures;
mod render;
mod table;

pub(super) use age::{age, rfc3339};
pub(super) use envelope::{API_VERSION, StoreView};
pub(super) use figures::{count, rate, size};
pub(super) use render::{Render, Row};
pub(super) use table::{Cells, Column};

use clap::{Args, ValueEnum};

/// In which form the data comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns for people.
    #[default]
    Table,
    /// More columns.
    Wide,
    /// A document for programs.
    Json,
    /// Names only, one a line, as other verbs take them.
    Name,
}

/// How the output looks.
#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// Form: table, wide, json or name
    #[arg(
        short,
        long,
        value_enum,
        value_name = "FORM",
        default_value = "table",
        hide_possible_values = true
    )]
    pub(super) output: Format,
    /// Leave out the line of column names
    #[arg(long)]
    pub(super) no_headers: bool,
}
