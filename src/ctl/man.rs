//! `modbotctl man`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::context::Context;
use super::exit::{self, ExitStatus};
use super::failure::Failure;
use super::run;
use crate::runtime::files;

/// Print the manual page, or write the pages of all verbs
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  modbotctl man | man -l -
  modbotctl man --dir /usr/local/share/man/man1")]
pub(super) struct Args {
    /// Write one page for each verb into this directory
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, context: &mut Context) -> Result<ExitStatus, Failure> {
        let mut command = run::command().disable_help_subcommand(true);
        command.build();
        match self.dir {
            None => context.printer.stdout().write_all(&page(&command)?)?,
            Some(dir) => {
                files::create_dir_all(&dir).map_err(|error| Failure::new(ExitStatus::Failed, error))?;
                write_pages(&command, "modbotctl", &dir)?;
            }
        }
        Ok(ExitStatus::Done)
    }
}

/// Writes the page of `command`, then those of its subcommands.
fn write_pages(command: &Command, name: &str, dir: &Path) -> Result<(), Failure> {
    let path = dir.join(format!("{name}.1"));
    files::write_atomic(&path, &page(command)?, 0o644)
        .map_err(|error| Failure::new(ExitStatus::Failed, error))?;
    for verb in command.get_subcommands() {
        write_pages(verb, &format!("{name}-{}", verb.get_name()), dir)?;
    }
    Ok(())
}

/// One page in roff.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let man = Man::new(command.clone());
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut out)?;
    }
    let codes = exit::table();
    let notes = command
        .get_after_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    // The first page's help ends with the codes, which have a section of their own here.
    let notes = notes.strip_suffix(&codes).unwrap_or(&notes).trim_end();
    if !notes.is_empty() {
        preformatted(&mut out, "NOTES", notes)?;
    }
    let codes: Vec<&str> = codes.lines().skip(1).collect();
    preformatted(&mut out, "EXIT STATUS", &codes.join("\n"))?;
    if command.get_version().is_some() {
        man.render_version_section(&mut out)?;
    }
    Ok(out)
}

/// A section of lines that stay as they are.
fn preformatted(out: &mut Vec<u8>, title: &str, text: &str) -> std::io::Result<()> {
    writeln!(out, ".SH \"{title}\"\n.nf")?;
    for line in text.lines() {
        // A dot or a quote at the start of a line would be a command.
        let guard = if line.starts_with(['.', '\'']) { "\\&" } else { "" };
        writeln!(out, "{guard}{}", line.replace('\\', "\\e").replace('-', "\\-"))?;
    }
    writeln!(out, ".fi")
}
