//! Reaching the pods: the operator's key, and how long they may take.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::connection::Store;
use super::exit::ExitStatus;
use super::failure::Failure;
use crate::client::pod_api::PodApi;
use crate::domain::guild_move::Limits;
use crate::operations::guild_move::{Mover, MoverSettings};
use crate::runtime::clock::SystemClock;
use crate::runtime::files;
use crate::runtime::service_auth::{MIN_KEY_BYTES, Role, SigningKey};
use crate::runtime::settings::{Environment, Source, duration, time_limit};

const KEY_VARIABLE: &str = "MODBOT_AUTH_OPERATOR_KEY";
const FILE_VARIABLE: &str = "MODBOT_AUTH_OPERATOR_KEY_FILE";
/// Another driver takes a move up when this one has been silent for so long.
const LEASE: Duration = Duration::from_secs(15);

/// How to reach the pods.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct PodArgs {
    #[arg(
        long,
        value_name = "PATH",
        help = "A file with the operators' key, as the pods know it\n[env: MODBOT_AUTH_OPERATOR_KEY, MODBOT_AUTH_OPERATOR_KEY_FILE]"
    )]
    operator_key_file: Option<PathBuf>,
    #[arg(
        long,
        env = "MODBOT_POD_TIMEOUT",
        hide_env = true,
        value_name = "TIME",
        default_value = "30s",
        value_parser = time_limit,
        help = "How long a pod may take to answer\n[env: MODBOT_POD_TIMEOUT]"
    )]
    pod_timeout: Duration,
    #[arg(
        long,
        env = "MODBOT_MOVE_KEEP",
        hide_env = true,
        value_name = "TIME",
        default_value = "1h",
        value_parser = duration,
        help = "How long the source keeps its rows after a move\n[env: MODBOT_MOVE_KEEP]"
    )]
    keep: Duration,
}

impl PodArgs {
    /// A driver of moves in this process.
    pub(super) fn mover(&self, store: &Store) -> Result<Mover, Failure> {
        let key = SigningKey::new(Role::Operator, &self.key(&Environment)?);
        let pods = PodApi::new(key, self.pod_timeout, Arc::new(SystemClock))
            .map_err(|error| Failure::new(ExitStatus::Failed, error))?;
        let settings = MoverSettings {
            name: format!(
                "modbotctl-{}-{}",
                super::actor::of_this_process(),
                std::process::id()
            ),
            lease: LEASE,
            limits: Limits::default(),
            keep: self.keep,
        };
        Ok(Mover::new(store.db.clone(), pods, settings))
    }

    /// The key: a flag wins over a variable.
    fn key(&self, source: &impl Source) -> Result<String, Failure> {
        let variable = |name| source.get(name).filter(|value| !value.is_empty());
        let key = match (
            &self.operator_key_file,
            variable(KEY_VARIABLE),
            variable(FILE_VARIABLE),
        ) {
            (Some(path), ..) => in_file(path)?,
            (None, Some(_), Some(_)) => {
                let both = format!("{KEY_VARIABLE} and {FILE_VARIABLE} are both set: keep one of them");
                return Err(Failure::message(ExitStatus::Usage, both));
            }
            (None, Some(key), None) => key.to_string_lossy().into_owned(),
            (None, None, Some(path)) => in_file(Path::new(&path))?,
            (None, None, None) => {
                let missing = Failure::message(ExitStatus::Usage, "nothing says what the operators' key is");
                return Err(missing.hint(format!(
                    "give --operator-key-file PATH, or set {KEY_VARIABLE} or {FILE_VARIABLE}: the pods' own setting"
                )));
            }
        };
        if key.len() < MIN_KEY_BYTES {
            let short = format!("the operators' key is too short: it has {MIN_KEY_BYTES} bytes or more");
            return Err(Failure::message(ExitStatus::Usage, short));
        }
        Ok(key)
    }
}

fn in_file(path: &Path) -> Result<String, Failure> {
    let text = files::read_to_string(path).map_err(|error| {
        Failure::new(ExitStatus::Usage, error).while_doing("cannot learn the operators' key")
    })?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
