//! The only way to the terminal: stdout for the data asked for, stderr for everything else.

use std::io::{self, BufWriter, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;

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

/// Two sinks. What is written may carry ANSI styles: they are taken out where they do not belong.
pub(super) struct Printer {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
}

impl Printer {
    /// The process's own streams.
    pub(super) fn new(color: Color) -> Self {
        Self {
            stdout: Box::new(BufWriter::new(AutoStream::new(io::stdout(), color.into()))),
            stderr: Box::new(AutoStream::new(io::stderr(), color.into())),
        }
    }

    /// For the data asked for.
    pub(super) fn stdout(&mut self) -> &mut dyn Write {
        &mut self.stdout
    }

    /// For progress, notes, prompts and errors. What is on stdout already is shown first.
    pub(super) fn stderr(&mut self) -> &mut dyn Write {
        // A reader of stdout that went away is noticed when stdout is written or flushed itself.
        let _ = self.stdout.flush();
        &mut self.stderr
    }

    /// A warning on stderr.
    pub(super) fn warn(&mut self, words: &str) -> io::Result<()> {
        let (yellow, plain) = (style::WARNING, style::RESET);
        writeln!(self.stderr(), "{yellow}warning:{plain} {words}")
    }

    /// Writes what is held back.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()?;
        self.stderr.flush()
    }
}
