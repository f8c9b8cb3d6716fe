//! The command line of a daemon, and what it says before there is a log.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Arg, ArgAction, Command};

use super::shell::{AllSettings, Defaulted};
use super::{Daemon, EXIT_CONFIG};
use crate::runtime::build_info;
use crate::runtime::settings::{Effective, LoadError, Loaded, Problems, Source, load};

/// Reads the command line and the settings; `Err` is the exit status after help, version, `--check-config` or
/// problems, with everything said already.
pub(super) fn usage<D: Daemon>(
    args: &[OsString],
    source: &dyn Source,
) -> Result<Loaded<AllSettings<D::Settings>>, ExitCode> {
    let command = Command::new(D::NAME)
        .about(D::ABOUT)
        .version(build_info::long_version())
        .after_help(AFTER_HELP)
        .max_term_width(80)
        .override_usage(format!("{} [OPTIONS]", D::NAME))
        .arg(
            Arg::new("check-config")
                .long("check-config")
                .action(ArgAction::SetTrue)
                .help("Check the settings, show them with secrets redacted, start nothing"),
        );
    match load_for::<D>(command, args, source) {
        Ok((loaded, check_only)) if check_only => {
            let mut out = std::io::stdout();
            for line in &loaded.effective {
                let value = line.value.as_deref().unwrap_or("(not set)");
                // A closed pipe is the reader's choice.
                let _ = writeln!(out, "{}={value} ({})", line.variable, line.origin);
            }
            for name in &loaded.unknown {
                let _ = writeln!(std::io::stderr(), "warning: {name} means nothing to {}", D::NAME);
            }
            Err(ExitCode::SUCCESS)
        }
        Ok((loaded, _)) => Ok(loaded),
        Err(LoadError::Usage(error)) => {
            let _ = error.print();
            Err(ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2)))
        }
        Err(LoadError::Problems(problems)) => Err(refuse(&wrong_settings(D::NAME, &problems), EXIT_CONFIG)),
    }
}

fn wrong_settings(daemon: &str, problems: &Problems) -> String {
    let what = match problems.len() {
        1 => "1 setting is wrong".to_owned(),
        count => format!("{count} settings are wrong"),
    };
    format!(
        "{daemon}: {what}:\n{problems}\n\nhint: {daemon} --help lists every variable; nothing was started"
    )
}

const AFTER_HELP: &str = "\
Every option can be set by its variable; in a cluster only variables are used. A secret is never an option \
on the command line: set NAME, or NAME_FILE to a file that holds it.

Exit status: 0 stopped in order, 1 cannot run, 2 wrong command line, 78 wrong settings, 130 or 143 after a \
second SIGINT or SIGTERM.";

type LoadedFor<D> = Loaded<AllSettings<<D as Daemon>::Settings>>;

fn load_for<D: Daemon>(
    command: Command,
    args: &[OsString],
    source: &dyn Source,
) -> Result<(LoadedFor<D>, bool), LoadError> {
    let (loaded, matches) = load::<Defaulted<D>>(command, args, source)?;
    let loaded = Loaded {
        settings: loaded.settings.0,
        effective: loaded.effective,
        unknown: loaded.unknown,
    };
    Ok((loaded, matches.get_flag("check-config")))
}

/// Says why on stderr and gives the exit status.
pub(super) fn refuse(why: &str, code: u8) -> ExitCode {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(std::io::stderr(), "error: {why}");
    ExitCode::from(code)
}

/// Logs the settings in force, once, and what was set for nothing.
pub(super) fn log_settings(effective: &[Effective], unknown: &[String]) {
    let set: Vec<String> = effective
        .iter()
        .filter_map(|line| {
            Some(format!(
                "{}={} ({})",
                line.variable,
                line.value.as_deref()?,
                line.origin
            ))
        })
        .collect();
    tracing::info!(settings = set.join(" "), "settings in force");
    for variable in unknown {
        tracing::warn!(
            variable,
            "this variable means nothing to this daemon: is it misspelt?"
        );
    }
}
