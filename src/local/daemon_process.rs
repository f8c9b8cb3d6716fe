//! One of our daemons as a process on this machine.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::files::{self, FileError};

/// How often a condition is looked at.
const TICK: Duration = Duration::from_millis(20);
/// How much of a log is shown when its daemon ended.
const LAST_LINES: usize = 5;

/// Why a daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// It could not be started at all.
    #[error("{} could not be run", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The operating system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Its log or its addresses cannot be written or read.
    #[error(transparent)]
    File(#[from] FileError),
    /// It ended by itself.
    #[error("{name} ended with {status}; its last words: {log}")]
    Ended {
        /// Which daemon.
        name: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of its log.
        log: String,
    },
    /// It runs, and is not ready.
    #[error("{name} is not ready after {patience:?}; its log is {}", log.display())]
    NotReady {
        /// Which daemon.
        name: String,
        /// How long it was given.
        patience: Duration,
        /// Its log.
        log: PathBuf,
    },
}

/// A running daemon, on free ports of the loopback interface. Dropping it kills it.
#[derive(Debug)]
pub struct DaemonProcess {
    name: String,
    child: Child,
    log: PathBuf,
    api: String,
    admin: String,
}

impl DaemonProcess {
    /// Starts `program` with `variables` and nothing else of ours in its environment, its log in
    /// `dir/name.log`, and waits until it says that it is ready.
    pub async fn start(
        program: &Path,
        name: &str,
        dir: &Path,
        variables: &[(&str, String)],
        patience: Duration,
    ) -> Result<Self, DaemonError> {
        let spawn = |source| DaemonError::Spawn {
            program: program.to_owned(),
            source,
        };
        let (log, addresses) = (dir.join(format!("{name}.log")), dir.join(format!("{name}.addr")));
        let sink = File::create(&log).map_err(spawn)?;
        let mut command = Command::new(program);
        let foreign = std::env::vars_os().map(|(name, _)| name);
        for ours in foreign.filter(|name| name.to_string_lossy().starts_with("MODBOT_")) {
            command.env_remove(ours);
        }
        let child = command
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("MODBOT_LISTEN", "127.0.0.1:0")
            .env("MODBOT_ADMIN_LISTEN", "127.0.0.1:0")
            .env("MODBOT_ADDR_FILE", &addresses)
            .env("MODBOT_SHUTDOWN_DELAY", "0s")
            .stdin(Stdio::null())
            .stdout(sink.try_clone().map_err(spawn)?)
            .stderr(sink)
            .spawn()
            .map_err(spawn)?;
        let mut daemon = Self {
            name: name.to_owned(),
            child,
            log,
            api: String::new(),
            admin: String::new(),
        };
        daemon.wait_until_ready(&addresses, patience).await?;
        Ok(daemon)
    }

    /// `http://…` of its API.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Asks it to stop (SIGTERM) and waits; killed where it takes longer than `patience`.
    pub async fn stop(mut self, patience: Duration) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // A daemon that has ended already needs no signal.
            let _ = kill_process(pid, Signal::TERM);
        }
        let until = SystemClock.boottime() + patience;
        while matches!(self.child.try_wait(), Ok(None)) && SystemClock.boottime() < until {
            tokio::time::sleep(TICK).await;
        }
    }

    async fn wait_until_ready(&mut self, addresses: &Path, patience: Duration) -> Result<(), DaemonError> {
        let until = SystemClock.boottime() + patience;
        while SystemClock.boottime() < until {
            if let Ok(Some(status)) = self.child.try_wait() {
                let log = last_lines(&files::read_to_string(&self.log)?);
                let name = self.name.clone();
                return Err(DaemonError::Ended { name, status, log });
            }
            if self.admin.is_empty() && addresses.exists() {
                self.take_addresses(&files::read_to_string(addresses)?);
            }
            if !self.admin.is_empty() && self.is_ready().await {
                return Ok(());
            }
            tokio::time::sleep(TICK).await;
        }
        Err(DaemonError::NotReady {
            name: self.name.clone(),
            patience,
            log: self.log.clone(),
        })
    }

    fn take_addresses(&mut self, text: &str) {
        let addresses: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        if let (Some(api), Some(admin)) = (addresses["api"].as_str(), addresses["admin"].as_str()) {
            self.api = format!("http://{api}");
            self.admin = format!("http://{admin}");
        }
    }

    async fn is_ready(&self) -> bool {
        let asked = reqwest::get(format!("{}/readyz", self.admin)).await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        // Where it has ended already there is nothing to kill, and nothing to do about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().rev().take(LAST_LINES).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join(" / ")
}
