//! The only way to the terminal: stdout for the data asked for, stderr for everything else.

use std::io::{self, BufWriter, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use clap::ValueEnum;
use clap::builder::StyledStr;

use super::style;

/// When to use colours. `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb` count under `auto`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

/// Two sinks. Styles are taken out of what goes to stderr where they do not belong; what goes to stdout asks
/// for them with [`Printer::stdout_style`], since looking through a long list for styles takes longer than
/// writing it.
pub(super) struct Printer {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
    styled: bool,
}

impl Printer {
    /// The process's own streams.
    pub(super) fn new(color: Color) -> Self {
        Self {
            styled: match color {
                Color::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
                Color::Always => true,
                Color::Never => false,
            },
            stdout: Box::new(BufWriter::new(io::stdout())),
            stderr: Box::new(AutoStream::new(io::stderr(), color.into())),
        }
    }

    /// For the data asked for.
    pub(super) fn stdout(&mut self) -> &mut dyn Write {
        &mut self.stdout
    }

    /// `style` where stdout may have it, otherwise no style.
    pub(super) const fn stdout_style(&self, style: Style) -> Style {
        if self.styled { style } else { Style::new() }
    }

    /// Writes a help text on stdout.
    pub(super) fn write_help(&mut self, text: &StyledStr) -> io::Result<()> {
        if self.styled {
            write!(self.stdout, "{}", text.ansi())
        } else {
            write!(self.stdout, "{text}")
        }
    }

    /// For progress, notes, prompts and errors. What is on stdout already is shown first.
    pub(super) fn stderr(&mut self) -> &mut dyn Write {
        // A reader of stdout that went away is noticed when stdout is written or flushed itself.
        let _ = self.stdout.flush();
        &mut self.stderr
    }

    /// A warning on stderr.
    pub(super) fn warn(&mut self, words: &str) -> io::Result<()> {
        let yellow = style::WARNING;
        writeln!(self.stderr(), "{yellow}warning:{yellow:#} {words}")
    }

    /// Writes what is held back.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()?;
        self.stderr.flush()
    }
}
