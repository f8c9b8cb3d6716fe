//! From the command line to the exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tokio::signal::unix::{SignalKind, signal};

use super::cli::{Cli, Command};
use super::context::Context;
use super::exit::ExitStatus;
use super::failure::Failure;
use super::interrupts;
use super::output::Format;
use super::printer::{Color, Printer};

/// Runs `modbotctl` on this process's arguments.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    // Known before clap has understood the rest, so that wrong usage too is told in the form asked for.
    let format = error_format(&args);
    match Cli::try_parse_from(&args) {
        Ok(cli) => run(cli, format),
        Err(error) => not_understood(&error, format),
    }
    .into()
}

/// The whole command line, as help, completion and the manual describe it.
pub fn command() -> clap::Command {
    Cli::command()
}

fn run(cli: Cli, format: Format) -> ExitStatus {
    let mut context = Context::new(Printer::new(cli.color));
    let ended = within_runtime(cli.command, &mut context).and_then(|status| {
        context.printer.flush()?;
        Ok(status)
    });
    ended.unwrap_or_else(|failure| failure.report(&mut context.printer, format))
}

fn within_runtime(command: Command, context: &mut Context) -> Result<ExitStatus, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(cannot_start)?;
    let ended = runtime.block_on(async {
        // Before anything is asked, so that an interrupt never meets the default of dying without a word.
        let mut interrupts = signal(SignalKind::interrupt()).map_err(cannot_start)?;
        let mut running = Box::pin(command.run(context));
        loop {
            tokio::select! {
                ended = &mut running => break ended,
                _ = interrupts.recv() => {
                    if !interrupts::are_owned() {
                        break Err(Failure::message(ExitStatus::Interrupted, "interrupted")
                            .hint("running this again is safe, whether or not it was done"));
                    }
                }
            }
        }
    });
    // A thread that waits for a line from the terminal must not keep us.
    runtime.shutdown_background();
    ended
}

fn cannot_start(error: std::io::Error) -> Failure {
    Failure::new(ExitStatus::Failed, error).while_doing("cannot start")
}

/// Help and version go to stdout and are no error; wrong usage is clap's own text, or a document.
fn not_understood(error: &clap::Error, format: Format) -> ExitStatus {
    let mut printer = Printer::new(Color::Auto);
    if !error.use_stderr() {
        // Where the reader is gone there is nothing more to do.
        let _ = printer.write_help(&error.render());
        let _ = printer.flush();
        return ExitStatus::Done;
    }
    if format == Format::Json {
        let text = error.render().to_string();
        let mut paragraphs = text.split("\n\n");
        let message = paragraphs
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        return Failure::message(ExitStatus::Usage, message.trim().to_owned())
            .hint("modbotctl --help")
            .report(&mut printer, format);
    }
    let _ = write!(printer.stderr(), "{}", error.render().ansi());
    ExitStatus::Usage
}

/// Json where `-o json` stands anywhere among the arguments.
fn error_format(args: &[OsString]) -> Format {
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let joined = |arg: &str| matches!(arg, "-ojson" | "-o=json" | "--output=json");
    let apart = |pair: &[std::borrow::Cow<str>]| matches!(&*pair[0], "-o" | "--output") && pair[1] == "json";
    if args.iter().any(|arg| joined(arg)) || args.windows(2).any(apart) {
        Format::Json
    } else {
        Format::Table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn json_is_noticed_however_it_is_written() {
        let format = |args: &[&str]| error_format(&args.iter().map(OsString::from).collect::<Vec<_>>());
        for args in [
            &["x", "-o", "json"][..],
            &["-ojson"],
            &["-o=json"],
            &["--output=json"],
            &["--output", "json"],
        ] {
            assert_eq!(format(args), Format::Json);
        }
        assert_eq!(format(&["guild", "list", "-o", "wide", "json"]), Format::Table);
    }
}
