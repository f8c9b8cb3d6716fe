//! Reads settings from the command line and the variables.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::{Problems, Settings, Source};
use crate::runtime::{error_chain::Chain, files};

/// Settings, and what to say about them.
#[derive(Debug)]
pub struct Loaded<S> {
    /// The settings.
    pub settings: S,
    /// Each variable with its value and where that came from; secrets redacted.
    pub effective: Vec<Effective>,
    /// Set `MODBOT_*` variables that mean nothing to this daemon.
    pub unknown: Vec<String>,
}

/// One line of the effective settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The variable.
    pub variable: String,
    /// Its value; `[redacted]` for a secret, `None` where it is not set and has no default.
    pub value: Option<String>,
    /// `flag`, `variable`, `file` or `default`.
    pub origin: &'static str,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The command line asks for help or the version, or makes no sense: clap has the text.
    #[error("the command line was not understood")]
    Usage(#[from] clap::Error),
    /// The settings are wrong.
    #[error("settings are wrong:\n{0}")]
    Problems(Problems),
}

/// A value found for one argument.
struct Found {
    text: String,
    origin: &'static str,
}

/// Parses `args` (the program's name first) and `source` into `S`.
pub fn load<S: Settings>(
    command: Command,
    args: &[OsString],
    source: &dyn Source,
) -> Result<(Loaded<S>, ArgMatches), LoadError> {
    let described = S::augment_args(command);
    // The source is asked, not the process: clap must not look at the environment by itself.
    let plain = described.clone().mut_args(|arg| arg.env(None::<&'static str>));
    let given = described
        .clone()
        .mut_args(|arg| {
            if arg.get_env().is_some() {
                arg.env(None::<&'static str>).required(false)
            } else {
                arg
            }
        })
        .try_get_matches_from(args)
        .map_err(|error| usage_error(&described, args, error))?;

    let mut problems = Problems::default();
    let mut line = args.to_vec();
    let mut effective = Vec::new();
    for arg in described.get_arguments() {
        let Some(variable) = arg.get_env().and_then(OsStr::to_str) else {
            continue;
        };
        match find(arg, variable, &given, source) {
            Ok(found) => {
                if let Some(found) = found.as_ref().filter(|found| found.origin != "flag") {
                    let flag = flag_with_value(arg, &found.text);
                    match check_alone(arg, &flag) {
                        Ok(()) => line.push(flag),
                        Err(problem) => problems.add(variable, problem),
                    }
                } else if found.is_none() && arg.is_required_set() {
                    problems.add(variable, missing(arg, variable));
                }
                effective.push(shown(arg, variable, found));
            }
            Err(problem) => problems.add(variable, problem),
        }
    }
    if !problems.is_empty() {
        return Err(LoadError::Problems(problems.sorted()));
    }
    let matches = plain.try_get_matches_from(line)?;
    let settings = S::from_arg_matches(&matches)?;
    settings.check(&mut problems);
    if !problems.is_empty() {
        return Err(LoadError::Problems(problems.sorted()));
    }
    let loaded = Loaded {
        settings,
        effective,
        unknown: unknown(&described, source),
    };
    Ok((loaded, matches))
}

/// Help is written by the command that still knows its variables.
fn usage_error(described: &Command, args: &[OsString], error: clap::Error) -> clap::Error {
    if error.kind() == clap::error::ErrorKind::DisplayHelp {
        described
            .clone()
            .try_get_matches_from(args)
            .err()
            .unwrap_or(error)
    } else {
        error
    }
}

fn is_secret(arg: &Arg) -> bool {
    arg.is_hide_env_values_set()
}

fn flag_with_value(arg: &Arg, text: &str) -> OsString {
    format!("--{}={text}", arg.get_long().unwrap_or_default()).into()
}

fn missing(arg: &Arg, variable: &str) -> String {
    if is_secret(arg) {
        format!("is required: set it, or {variable}_FILE to a file that holds it")
    } else {
        "is required and not set".to_owned()
    }
}

/// The value of one argument: flag, then variable, then file. An empty variable counts as not set.
fn find(arg: &Arg, variable: &str, given: &ArgMatches, source: &dyn Source) -> Result<Option<Found>, String> {
    if given.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine) {
        if is_secret(arg) {
            return Err(format!(
                "is a secret: set {variable} or {variable}_FILE; a flag can be read by everyone on the machine"
            ));
        }
        let raw = given.get_raw(arg.get_id().as_str()).into_iter().flatten();
        let text = raw.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(",");
        return Ok(Some(Found { text, origin: "flag" }));
    }
    let direct = text_of(source.get(variable))?;
    let file = if is_secret(arg) {
        text_of(source.get(&format!("{variable}_FILE")))?
    } else {
        None
    };
    match (direct, file) {
        (Some(_), Some(_)) => Err(format!("is set, and so is {variable}_FILE: keep one of them")),
        (Some(text), None) => Ok(Some(Found {
            text,
            origin: "variable",
        })),
        (None, Some(path)) => {
            read_secret_file(Path::new(&path)).map(|text| Some(Found { text, origin: "file" }))
        }
        (None, None) => Ok(None),
    }
}

fn text_of(value: Option<OsString>) -> Result<Option<String>, String> {
    value
        .map(|value| value.into_string().map_err(|_| "is not valid UTF-8".to_owned()))
        .transpose()
        .map(|text| text.filter(|text| !text.is_empty()))
}

/// A secret's file; the line end that editors and `echo` add is not part of it.
fn read_secret_file(path: &Path) -> Result<String, String> {
    let text = files::read_to_string(path).map_err(|error| Chain(&error).to_string())?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(format!("{} is empty", path.display()));
    }
    Ok(text.to_owned())
}

/// Parses one value by itself, so that one bad value does not hide the next.
fn check_alone(arg: &Arg, flag: &OsStr) -> Result<(), String> {
    let alone = arg.clone().required(false).env(None::<&'static str>);
    let parsed = Command::new("check")
        .no_binary_name(true)
        .disable_help_flag(true)
        .arg(alone)
        .try_get_matches_from([flag]);
    parsed.map(drop).map_err(|error| describe(arg, &error))
}

fn describe(arg: &Arg, error: &clap::Error) -> String {
    let value = match error.get(clap::error::ContextKind::InvalidValue) {
        Some(clap::error::ContextValue::String(value)) if !is_secret(arg) => format!("{value:?}: "),
        _ => String::new(),
    };
    if let Some(cause) = std::error::Error::source(error) {
        return format!("{value}{cause}");
    }
    if let Some(clap::error::ContextValue::Strings(valid)) = error.get(clap::error::ContextKind::ValidValue) {
        return format!("{value}must be one of {}", valid.join(", "));
    }
    format!("{value}not a valid value")
}

fn shown(arg: &Arg, variable: &str, found: Option<Found>) -> Effective {
    let default = || {
        let values: Vec<_> = arg
            .get_default_values()
            .iter()
            .map(|v| v.to_string_lossy())
            .collect();
        (!values.is_empty()).then(|| values.join(","))
    };
    let (value, origin) = match found {
        Some(found) if is_secret(arg) => (Some("[redacted]".to_owned()), found.origin),
        Some(found) => (Some(found.text), found.origin),
        None => (default(), "default"),
    };
    Effective {
        variable: variable.to_owned(),
        value,
        origin,
    }
}

/// `MODBOT_*` variables that no argument reads. What Kubernetes adds for a service named `modbot-…`
/// (`MODBOT_CONFIG_PORT`, `MODBOT_CONFIG_SERVICE_HOST`) is nobody's mistake and stays unmentioned.
fn unknown(command: &Command, source: &dyn Source) -> Vec<String> {
    let known: Vec<String> = command
        .get_arguments()
        .filter_map(|arg| Some((arg.get_env()?.to_str()?.to_owned(), is_secret(arg))))
        .flat_map(|(variable, secret)| {
            let file = secret.then(|| format!("{variable}_FILE"));
            std::iter::once(variable).chain(file)
        })
        .collect();
    let mut unknown: Vec<String> = source
        .names()
        .into_iter()
        .filter(|name| name.starts_with("MODBOT_") && !known.contains(name))
        .filter(|name| !name.ends_with("_PORT") && !name.contains("_SERVICE_") && !name.contains("_PORT_"))
        .collect();
    unknown.sort();
    unknown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::runtime::settings::{Secret, secret};

    #[derive(Debug, clap::Args)]
    struct Sample {
        /// A number
        #[arg(long, env = "MODBOT_NUMBER", default_value = "7")]
        number: u16,
        /// A name
        #[arg(long, env = "MODBOT_NAME")]
        name: String,
        /// A password
        #[arg(long, env = "MODBOT_PASSWORD", hide_env_values = true, value_parser = secret)]
        password: Secret,
    }

    impl Settings for Sample {
        fn check(&self, problems: &mut Problems) {
            if self.name == "nobody" {
                problems.add("MODBOT_NAME", "must be somebody");
            }
        }
    }

    fn read(args: &[&str], variables: &[(&str, &str)]) -> Result<Loaded<Sample>, LoadError> {
        let args: Vec<OsString> = std::iter::once("test")
            .chain(args.iter().copied())
            .map(Into::into)
            .collect();
        let source: BTreeMap<String, String> = variables
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        load(Command::new("test"), &args, &source).map(|(loaded, _)| loaded)
    }

    fn problems(args: &[&str], variables: &[(&str, &str)]) -> String {
        match read(args, variables) {
            Err(LoadError::Problems(problems)) => problems.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_that_over_the_default() {
        let variables = [
            ("MODBOT_NAME", "a"),
            ("MODBOT_PASSWORD", "p"),
            ("MODBOT_NUMBER", "8"),
        ];
        let loaded = read(&["--name", "b"], &variables).unwrap();
        assert_eq!((loaded.settings.name.as_str(), loaded.settings.number), ("b", 8));
        let shown: Vec<_> = loaded
            .effective
            .iter()
            .map(|e| (e.value.as_deref(), e.origin))
            .collect();
        assert_eq!(
            shown,
            [
                (Some("8"), "variable"),
                (Some("b"), "flag"),
                (Some("[redacted]"), "variable")
            ]
        );
        // An empty variable is one that is not set.
        let loaded = read(
            &[],
            &[
                ("MODBOT_NAME", "a"),
                ("MODBOT_PASSWORD", "p"),
                ("MODBOT_NUMBER", ""),
            ],
        )
        .unwrap();
        assert_eq!(loaded.settings.number, 7);
        assert!(!format!("{loaded:?}").contains("\"p\""));
    }

    #[test]
    fn every_problem_is_reported_under_its_variable() {
        assert_eq!(
            problems(&[], &[("MODBOT_NUMBER", "x")]),
            "  MODBOT_NAME: is required and not set\n  \
             MODBOT_NUMBER: \"x\": invalid digit found in string\n  \
             MODBOT_PASSWORD: is required: set it, or MODBOT_PASSWORD_FILE to a file that holds it"
        );
        let set = [("MODBOT_NAME", "nobody"), ("MODBOT_PASSWORD", "p")];
        assert_eq!(problems(&[], &set), "  MODBOT_NAME: must be somebody");
    }

    #[test]
    fn a_secret_comes_from_its_variable_or_its_file_and_from_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        files::write_atomic(&path, b"from a file\n", 0o600).unwrap();
        let file = ("MODBOT_PASSWORD_FILE", path.to_str().unwrap());
        let loaded = read(&[], &[("MODBOT_NAME", "a"), file]).unwrap();
        assert_eq!(loaded.settings.password.expose(), "from a file");
        let both = problems(&[], &[("MODBOT_NAME", "a"), ("MODBOT_PASSWORD", "p"), file]);
        assert_eq!(
            both,
            "  MODBOT_PASSWORD: is set, and so is MODBOT_PASSWORD_FILE: keep one of them"
        );
        let gone = problems(&[], &[("MODBOT_NAME", "a"), ("MODBOT_PASSWORD_FILE", "/nowhere")]);
        assert!(
            gone.starts_with("  MODBOT_PASSWORD: cannot read /nowhere: No such file"),
            "{gone}"
        );
        let flag = problems(&["--password", "hunter2"], &[("MODBOT_NAME", "a")]);
        assert!(
            flag.contains("is a secret") && !flag.contains("hunter2"),
            "{flag}"
        );
    }

    #[test]
    fn names_that_mean_nothing_are_found_and_those_of_the_cluster_are_not() {
        let variables = [
            ("MODBOT_NAME", "a"),
            ("MODBOT_PASSWORD", "p"),
            ("MODBOT_NMAE", "x"),
            ("MODBOT_NAME_FILE", "x"),
            ("MODBOT_CONFIG_PORT", "tcp://10.0.0.1:80"),
            ("MODBOT_CONFIG_SERVICE_HOST", "10.0.0.1"),
            ("MODBOT_CONFIG_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("HOME", "/"),
        ];
        assert_eq!(
            read(&[], &variables).unwrap().unknown,
            ["MODBOT_NAME_FILE", "MODBOT_NMAE"]
        );
    }
}
