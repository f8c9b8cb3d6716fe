//! Asking pods for their own word.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::exit::ExitStatus;
use super::failure::Failure;
use super::output::{Cells, Column, Row};
use crate::client::pod_api::PodApi;
use crate::operations::pod_word::Difference;
use crate::runtime::clock::SystemClock;
use crate::runtime::files;
use crate::runtime::service_auth::{Role, SigningKey, key_setting};
use crate::runtime::settings::{Environment, Source, time_limit};

const KEY_VARIABLE: &str = "MODBOT_AUTH_OPERATOR_KEY";
const FILE_VARIABLE: &str = "MODBOT_AUTH_OPERATOR_KEY_FILE";

/// How to ask pods.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(super) struct PodArgs {
    #[arg(
        long,
        value_name = "PATH",
        help = "A file with the key that pods know operators by; without one no pod is asked\n\
                [env: MODBOT_AUTH_OPERATOR_KEY, MODBOT_AUTH_OPERATOR_KEY_FILE]"
    )]
    operator_key_file: Option<PathBuf>,
    #[arg(
        long,
        env = "MODBOT_POD_TIMEOUT",
        hide_env = true,
        value_name = "TIME",
        default_value = "5s",
        value_parser = time_limit,
        help = "How long a pod's answer may take\n[env: MODBOT_POD_TIMEOUT]"
    )]
    pod_timeout: Duration,
}

impl PodArgs {
    /// What to ask pods with; none where no key is given.
    pub(super) fn api(&self) -> Result<Option<PodApi>, Failure> {
        let Some(key) = self.key(&Environment)? else {
            return Ok(None);
        };
        let key = key_setting(key.trim_end_matches(['\n', '\r'])).map_err(|why| {
            Failure::message(ExitStatus::Usage, format!("the operator's key is not one: {why}"))
        })?;
        let key = SigningKey::new(Role::Operator, key.expose());
        PodApi::new(key, self.pod_timeout, Arc::new(SystemClock))
            .map(Some)
            .map_err(|error| Failure::new(ExitStatus::Failed, error))
    }

    fn key(&self, source: &impl Source) -> Result<Option<String>, Failure> {
        let read = |path: &Path| {
            files::read_to_string(path).map(Some).map_err(|error| {
                Failure::new(ExitStatus::Usage, error).while_doing("cannot read the operator's key")
            })
        };
        if let Some(path) = &self.operator_key_file {
            return read(path);
        }
        let variable = |name| source.get(name).filter(|value| !value.is_empty());
        match (variable(KEY_VARIABLE), variable(FILE_VARIABLE)) {
            (Some(_), Some(_)) => {
                let both = format!("{KEY_VARIABLE} and {FILE_VARIABLE} are both set: keep one of them");
                Err(Failure::message(ExitStatus::Usage, both))
            }
            (Some(key), None) => Ok(Some(key.to_string_lossy().into_owned())),
            (None, Some(path)) => read(Path::new(&path)),
            (None, None) => Ok(None),
        }
    }
}

/// Where config and a pod do not agree.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DifferenceView {
    subject: String,
    config: String,
    pod: String,
}

impl From<Difference> for DifferenceView {
    fn from(one: Difference) -> Self {
        Self {
            subject: one.subject,
            config: one.config,
            pod: one.pod,
        }
    }
}

impl DifferenceView {
    /// A pod that could not be asked.
    pub(super) fn no_answer(subject: String, why: String) -> Self {
        Self {
            subject,
            config: "it should answer".to_owned(),
            pod: why,
        }
    }

    /// Each by what it is about.
    pub(super) fn by_subject(all: &[Self]) -> BTreeMap<&str, &Self> {
        all.iter().map(|one| (one.subject.as_str(), one)).collect()
    }

    /// What the pod says.
    pub(super) fn pod(&self) -> &str {
        &self.pod
    }
}

impl Row for DifferenceView {
    const KIND: &'static str = "Difference";
    const COLUMNS: &'static [Column] = &[
        Column::text("DIFFERS"),
        Column::text("CONFIG SAYS"),
        Column::text("THE POD SAYS"),
    ];

    fn name(&self) -> String {
        self.subject.clone()
    }

    fn cells(&self, _now_ms: i64) -> Cells {
        vec![self.subject.clone(), self.config.clone(), self.pod.clone()]
    }
}
