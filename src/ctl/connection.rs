//! Reaching the config store: where it is, how long it may take, whether its schema is ours.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use secrecy::SecretString;

use super::exit::ExitStatus;
use super::failure::Failure;
use crate::runtime::files;
use crate::runtime::settings::{Environment, Source, time_limit};
use crate::store::config_db::{ConfigDb, ConfigDbSettings, StoreError};

const URL_VARIABLE: &str = "MODBOT_STORE_URL";
const FILE_VARIABLE: &str = "MODBOT_STORE_URL_FILE";

/// How to reach the config store.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct StoreArgs {
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "store_file",
        help = "As postgres://user@host:5432/database\n[env: MODBOT_STORE_URL]"
    )]
    store: Option<String>,
    #[arg(
        long,
        value_name = "PATH",
        help = "A file with the URL, password included\n[env: MODBOT_STORE_URL_FILE]"
    )]
    store_file: Option<PathBuf>,
    #[arg(
        long,
        env = "MODBOT_REQUEST_TIMEOUT",
        hide_env = true,
        value_name = "TIME",
        default_value = "10s",
        value_parser = time_limit,
        help = "How long an answer may take, as in 500ms or 1m\n[env: MODBOT_REQUEST_TIMEOUT]"
    )]
    request_timeout: Duration,
}

/// The config store, every request to it bounded.
pub(super) struct Store {
    pub(super) db: ConfigDb,
    timeout: Duration,
}

impl StoreArgs {
    /// Reaches the store and checks that its schema is the one we know.
    pub(super) async fn open(&self) -> Result<Store, Failure> {
        let store = self.open_any_schema().await?;
        store.ask(store.db.check_schema()).await?;
        Ok(store)
    }

    /// Reaches the store, whatever its schema is.
    pub(super) async fn open_any_schema(&self) -> Result<Store, Failure> {
        self.reach(self.request_timeout).await
    }

    /// The same for work that takes as long as it takes.
    pub(super) async fn open_for_long_work(&self) -> Result<Store, Failure> {
        // PostgreSQL takes 0 for "no limit".
        self.reach(Duration::ZERO).await
    }

    /// Whether anything says where the store is.
    pub(super) fn is_given(&self) -> bool {
        let set = |name| Environment.get(name).is_some_and(|value| !value.is_empty());
        self.store.is_some() || self.store_file.is_some() || set(URL_VARIABLE) || set(FILE_VARIABLE)
    }

    async fn reach(&self, statement_timeout: Duration) -> Result<Store, Failure> {
        let settings = ConfigDbSettings {
            max_connections: 2,
            acquire_timeout: self.request_timeout,
            statement_timeout,
            ..ConfigDbSettings::new(self.url(&Environment)?, "modbotctl")
        };
        let store = Store {
            db: ConfigDb::open(&settings)?,
            timeout: self.request_timeout,
        };
        store.ask(store.db.reach()).await?;
        Ok(store)
    }

    /// The URL: a flag wins over a variable.
    fn url(&self, source: &impl Source) -> Result<SecretString, Failure> {
        if let Some(url) = &self.store {
            return Ok(url.clone().into());
        }
        if let Some(path) = &self.store_file {
            return url_in(path);
        }
        let variable = |name| source.get(name).filter(|value| !value.is_empty());
        match (variable(URL_VARIABLE), variable(FILE_VARIABLE)) {
            (Some(_), Some(_)) => {
                let both = format!("{URL_VARIABLE} and {FILE_VARIABLE} are both set: keep one of them");
                Err(Failure::message(ExitStatus::Usage, both))
            }
            (Some(url), None) => Ok(url.to_string_lossy().into_owned().into()),
            (None, Some(path)) => url_in(Path::new(&path)),
            (None, None) => {
                let missing = Failure::message(ExitStatus::Usage, "nothing says where the config store is");
                Err(missing.hint(format!(
                    "give --store URL, or set {URL_VARIABLE} or {FILE_VARIABLE}"
                )))
            }
        }
    }
}

fn url_in(path: &Path) -> Result<SecretString, Failure> {
    let text = files::read_to_string(path).map_err(|error| {
        Failure::new(ExitStatus::Usage, error).while_doing("cannot learn where the config store is")
    })?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned().into())
}

impl Store {
    /// Waits for an answer no longer than the operator wants to.
    pub(super) async fn ask<T>(
        &self,
        request: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Failure> {
        let answer = tokio::time::timeout(self.timeout, request).await;
        let slow = |_| {
            let slow = format!("the config store did not answer within {:?}", self.timeout);
            Failure::message(ExitStatus::Unreachable, slow).hint(
                "running this again is safe, whether or not it was done; --request-timeout waits longer",
            )
        };
        Ok(answer.map_err(slow)??)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;

    fn url(store: Option<&str>, file: Option<&Path>, variables: &[(&str, &str)]) -> Result<String, Failure> {
        let args = StoreArgs {
            store: store.map(str::to_owned),
            store_file: file.map(Path::to_owned),
            request_timeout: Duration::from_secs(1),
        };
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        args.url(&variables).map(|url| url.expose_secret().to_owned())
    }

    #[test]
    fn a_flag_wins_over_a_variable_and_a_line_end_is_no_part_of_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("url");
        files::write_atomic(&file, b"postgres://from-file\n", 0o600).unwrap();
        let both = [(URL_VARIABLE, "postgres://variable"), (FILE_VARIABLE, "/nowhere")];
        assert_eq!(
            url(Some("postgres://flag"), None, &both).unwrap(),
            "postgres://flag"
        );
        assert_eq!(url(None, Some(&file), &both).unwrap(), "postgres://from-file");
        assert_eq!(url(None, None, &both[..1]).unwrap(), "postgres://variable");
        let file = file.to_str().unwrap();
        assert_eq!(
            url(None, None, &[(URL_VARIABLE, ""), (FILE_VARIABLE, file)]).unwrap(),
            "postgres://from-file"
        );
    }

    #[test]
    fn none_and_two_are_wrong_usage() {
        let both = [(URL_VARIABLE, "a"), (FILE_VARIABLE, "b")];
        for variables in [&both[..], &[], &[(FILE_VARIABLE, "/nowhere/url")]] {
            assert_eq!(
                url(None, None, variables).unwrap_err().status(),
                ExitStatus::Usage
            );
        }
    }
}
