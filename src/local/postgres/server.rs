//! One private server: made, started, stopped, killed, started again.

use std::fs::OpenOptions;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tempfile::TempDir;

use super::copies::{last_lines, run};
use super::keeper::Keeper;
use super::user::ServerUser;
use super::{Binaries, PostgresError, Search};
use crate::runtime::clock::{Clock, SystemClock};
use crate::runtime::files;

/// The superuser every private server has, without a password: only the socket's user gets near it.
const SUPERUSER: &str = "modbot";
/// Linux keeps a socket's path in 108 bytes.
const SOCKET_PATH_MAX: usize = 107;
/// How often a condition is looked at.
const TICK: Duration = Duration::from_millis(10);

/// How a private server is made.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where its programs are.
    pub search: Search,
    /// Whether commits survive a power cut (`fsync`). They survive `kill -9` either way.
    pub durable: bool,
    /// Further settings, as in `postgresql.conf`: they win over ours.
    pub settings: Vec<(String, String)>,
    /// How long a start or a stop may take.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            search: Search::default(),
            durable: true,
            settings: Vec::new(),
            patience: Duration::from_mins(1),
        }
    }
}

/// A running (or stopped, or killed) private PostgreSQL server. Dropping it stops it and removes all it had.
#[derive(Debug)]
pub struct PostgresServer {
    binaries: Binaries,
    user: ServerUser,
    options: Options,
    process: Option<Child>,
    copies: u32,
    // Before the directory, which it removes.
    keeper: Option<Keeper>,
    dir: TempDir,
}

impl PostgresServer {
    /// Finds the programs, makes a database cluster and starts it; returns when it takes connections.
    pub fn launch(options: Options) -> Result<Self, PostgresError> {
        let user = ServerUser::choose()?;
        let found = Binaries::find(&options.search)?;
        let dir = private_dir(user)?;
        let keeper = Keeper::start(user, dir.path())?;
        let binaries = user.reachable(found, dir.path())?;
        let mut server = Self {
            binaries,
            user,
            options,
            process: None,
            copies: 0,
            keeper: Some(keeper),
            dir,
        };
        server.init()?;
        server.start()?;
        Ok(server)
    }

    /// The URL of one of its databases; `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        let socket = self.socket_dir();
        format!(
            "postgres://{SUPERUSER}@localhost/{database}?host={}",
            socket.display()
        )
    }

    /// The programs it runs.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The directory of all that is the server's: data, socket, log, copies.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The id of the server's first process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// Starts a server that is not running.
    pub fn start(&mut self) -> Result<(), PostgresError> {
        if self.process.is_some() {
            return Err(PostgresError::Running {
                dir: self.dir().to_owned(),
            });
        }
        let deadline = deadline_in(self.options.patience);
        loop {
            let process = self.spawn()?;
            match self.wait_ready(process, deadline) {
                Ok(process) => {
                    self.process = Some(process);
                    return Ok(());
                }
                // After a kill -9 the old server's children take a moment to notice and end.
                Err(PostgresError::EndedEarly { log, .. })
                    if log.contains("pre-existing shared memory block") && !passed(deadline) =>
                {
                    std::thread::sleep(TICK);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Stops it cleanly ("fast": connections are closed, all is written). Nothing to do when it does not run.
    pub fn stop(&mut self) -> Result<(), PostgresError> {
        self.end_with(Signal::INT)
    }

    /// Kills it with SIGKILL. Nothing to do when it does not run.
    pub fn kill9(&mut self) -> Result<(), PostgresError> {
        self.end_with(Signal::KILL)
    }

    /// Stops it cleanly and starts it again.
    pub fn restart(&mut self) -> Result<(), PostgresError> {
        self.stop()?;
        self.start()
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir().join("data")
    }

    pub(super) const fn user(&self) -> ServerUser {
        self.user
    }

    pub(super) const fn next_copy(&mut self) -> u32 {
        self.copies += 1;
        self.copies
    }

    fn socket_dir(&self) -> PathBuf {
        self.dir().join("s")
    }

    fn log(&self) -> PathBuf {
        self.dir().join("log")
    }

    fn init(&self) -> Result<(), PostgresError> {
        let socket = self.socket_dir();
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&socket)
            .map_err(PostgresError::file("create", &socket))?;
        self.user.give(&socket)?;
        let initdb = self.binaries.program("initdb");
        let mut command = self.user.command(&initdb, self.dir());
        command.arg("-D").arg(self.data()).args([
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "--no-instructions",
        ]);
        run(&mut command, &initdb)
    }

    fn settings(&self) -> Vec<(String, String)> {
        let on_off = if self.options.durable { "on" } else { "off" };
        let ours = [
            ("listen_addresses", String::new()),
            ("unix_socket_directories", self.socket_dir().display().to_string()),
            ("unix_socket_permissions", "0700".to_owned()),
            ("port", "5432".to_owned()),
            ("max_connections", "400".to_owned()),
            ("fsync", on_off.to_owned()),
            ("full_page_writes", on_off.to_owned()),
            ("timezone", "UTC".to_owned()),
            ("log_timezone", "UTC".to_owned()),
        ];
        let ours = ours.into_iter().map(|(name, value)| (name.to_owned(), value));
        ours.chain(self.options.settings.iter().cloned()).collect()
    }

    fn spawn(&self) -> Result<Child, PostgresError> {
        let path = self.log();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(PostgresError::file("open", &path))?;
        let also = log.try_clone().map_err(PostgresError::file("open", &path))?;
        let postgres = self.binaries.program("postgres");
        let mut command = self.user.command(&postgres, self.dir());
        command.arg("-D").arg(self.data());
        for (name, value) in self.settings() {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        command.stdin(Stdio::null()).stdout(log).stderr(also);
        // Ctrl-C is for the owner; the keeper ends the server after it.
        command.process_group(0);
        command.spawn().map_err(|source| PostgresError::Spawn {
            program: postgres,
            source,
        })
    }

    /// Waits until the server says "ready" in its lock file, as `pg_ctl` does.
    fn wait_ready(&self, mut process: Child, deadline: Duration) -> Result<Child, PostgresError> {
        let lock = self.data().join("postmaster.pid");
        loop {
            if let Ok(Some(status)) = process.try_wait() {
                return Err(PostgresError::EndedEarly {
                    status: status.to_string(),
                    log: self.log_end(),
                });
            }
            let text = files::read_to_string(&lock).unwrap_or_default();
            if says_ready(&text, process.id()) {
                return Ok(process);
            }
            if passed(deadline) {
                let _ = process.kill();
                let _ = process.wait();
                return Err(PostgresError::NotReady {
                    waited: self.options.patience,
                    log: self.log_end(),
                });
            }
            std::thread::sleep(TICK);
        }
    }

    fn log_end(&self) -> String {
        let text = files::read_to_string(&self.log()).unwrap_or_default();
        last_lines(&text)
    }

    /// Sends `signal` to the server and waits for its end; one that will not end in time is killed.
    fn end_with(&mut self, signal: Signal) -> Result<(), PostgresError> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        let deadline = deadline_in(self.options.patience);
        // It fails only when the process has ended already, which the wait finds out.
        let _ = rustix::process::kill_process(Pid::from_child(&process), signal);
        let waiting = PostgresError::file("wait for the server in", self.dir());
        loop {
            match process.try_wait() {
                Ok(Some(_)) => return Ok(()),
                Ok(None) if passed(deadline) => {
                    let _ = process.kill();
                    return process.wait().map(drop).map_err(waiting);
                }
                Ok(None) => std::thread::sleep(TICK),
                Err(source) => return Err(waiting(source)),
            }
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // "Immediate": what it would write on a clean stop is about to be removed.
        let _ = self.end_with(Signal::QUIT);
        drop(self.keeper.take());
    }
}

/// A new directory for one server, which its user can reach and whose socket path is short enough.
fn private_dir(user: ServerUser) -> Result<TempDir, PostgresError> {
    let usual = std::env::temp_dir();
    let longest = usual.join("modbot-pg-123456/s/.s.PGSQL.5432.lock");
    let fits = longest.as_os_str().len() <= SOCKET_PATH_MAX && user.can_enter(&usual);
    let parent = if fits { usual } else { PathBuf::from("/tmp") };
    let dir = tempfile::Builder::new()
        .prefix("modbot-pg-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .map_err(PostgresError::file("make a directory in", &parent))?;
    user.give(dir.path())?;
    Ok(dir)
}

/// Whether a lock file is that of process `pid` and says that it takes connections.
///
/// Line 1 is the process, line 8 its state. After a `kill -9` the old file is still there.
fn says_ready(lock: &str, pid: u32) -> bool {
    let mut lines = lock.lines();
    let ours = lines.next().is_some_and(|line| line.trim() == pid.to_string());
    ours && lines.nth(6).is_some_and(|line| line.trim() == "ready")
}

fn deadline_in(patience: Duration) -> Duration {
    SystemClock.boottime() + patience
}

fn passed(deadline: Duration) -> bool {
    SystemClock.boottime() >= deadline
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_left_by_another_process_is_not_ready() {
        let lock = "41\n/data\n1700000000\n5432\n/s\n\n  1 2\nready   \n";
        assert!(says_ready(lock, 41));
        assert!(!says_ready(lock, 42));
        assert!(!says_ready(&lock.replace("ready   ", "starting"), 41));
        assert!(!says_ready("", 41));
    }
}
