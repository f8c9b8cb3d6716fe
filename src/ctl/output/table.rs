//! Tables with the look of `kubectl`: upper-case headers, no borders, spaces between the columns.

use comfy_table::{CellAlignment, ContentArrangement, Row, Table, presets};

/// One column: its header, and whether only the wide form has it.
#[derive(Debug, Clone, Copy)]
pub(in crate::ctl) struct Column {
    header: &'static str,
    wide: bool,
    number: bool,
}

impl Column {
    /// A column of text. The header names who says so, as in `OWNER (config)`, where that matters.
    pub(in crate::ctl) const fn text(header: &'static str) -> Self {
        Self {
            header,
            wide: false,
            number: false,
        }
    }

    /// A column of numbers, aligned on the right.
    pub(in crate::ctl) const fn number(header: &'static str) -> Self {
        Self {
            header,
            wide: false,
            number: true,
        }
    }

    /// Only in the wide form.
    #[must_use]
    pub(in crate::ctl) const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }
}

/// One row's cells, one for each column, wide ones included.
pub(in crate::ctl) type Cells = Vec<String>;

/// The table as text; every line ends without trailing blanks. What is unknown or none is a dash.
pub(super) fn text(columns: &[Column], rows: Vec<Cells>, wide: bool, headers: bool) -> String {
    let shown: Vec<bool> = columns.iter().map(|column| wide || !column.wide).collect();
    let keep = |cells: Cells| -> Row {
        let cells = cells.into_iter().zip(&shown).filter(|(_, shown)| **shown);
        cells
            .map(|(text, _)| if text.is_empty() { "-".to_owned() } else { text })
            .collect::<Vec<_>>()
            .into()
    };
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .force_no_tty()
        .set_content_arrangement(ContentArrangement::Disabled);
    if headers {
        table.set_header(keep(columns.iter().map(|c| c.header.to_owned()).collect()));
    }
    table.add_rows(rows.into_iter().map(keep));
    let shown_columns = columns.iter().filter(|column| wide || !column.wide);
    for (column, shape) in table.column_iter_mut().zip(shown_columns) {
        column.set_padding((0, 2));
        if shape.number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::text("NAME"),
        Column::number("GUILDS"),
        Column::text("ZONE").wide(),
        Column::text("STATE"),
    ];

    fn rows() -> Vec<Cells> {
        vec![
            vec!["pod-0".into(), "7".into(), "a".into(), "active".into()],
            vec!["pod-10".into(), "12345".into(), String::new(), "cordoned".into()],
        ]
    }

    #[test]
    fn has_the_look_of_kubectl() {
        assert_eq!(
            text(COLUMNS, rows(), false, true),
            "NAME    GUILDS  STATE\npod-0        7  active\npod-10   12345  cordoned"
        );
        assert_eq!(
            text(COLUMNS, rows(), true, false),
            "pod-0       7  a  active\npod-10  12345  -  cordoned"
        );
    }

    #[test]
    fn without_rows_there_are_headers_only() {
        assert_eq!(text(COLUMNS, Vec::new(), false, true), "NAME  GUILDS  STATE");
        assert_eq!(text(COLUMNS, Vec::new(), false, false), "");
    }
}
