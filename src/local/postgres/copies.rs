//! Copies of a server's data directory: how a store is made to go back in time.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::user::ServerUser;
use super::{PostgresError, PostgresServer};

/// The data directory as it was at a clean stop. Gone with its server's directory.
#[derive(Debug, Clone)]
pub struct SavedCopy(PathBuf);

impl PostgresServer {
    /// Stops the server cleanly, copies its data directory, and starts it again.
    pub fn save_copy(&mut self) -> Result<SavedCopy, PostgresError> {
        self.stop()?;
        let number = self.next_copy();
        let copy = self.dir().join(format!("copy-{number}"));
        copy_tree(self.user(), &self.data(), &copy)?;
        self.start()?;
        Ok(SavedCopy(copy))
    }

    /// Kills the server, puts `copy` in the place of its data, and starts it: every commit since the
    /// copy is gone. The copy can be put back again.
    pub fn put_back(&mut self, copy: &SavedCopy) -> Result<(), PostgresError> {
        self.kill9()?;
        let data = self.data();
        std::fs::remove_dir_all(&data).map_err(PostgresError::file("remove", &data))?;
        copy_tree(self.user(), &copy.0, &data)?;
        self.start()
    }
}

/// Copies a tree as `user`, with modes and links kept.
pub(super) fn copy_tree(user: ServerUser, from: &Path, to: &Path) -> Result<(), PostgresError> {
    let program = Path::new("cp");
    let mut command = user.command(program, Path::new("/"));
    command.arg("-a").arg(from).arg(to);
    run(&mut command, program)
}

/// Runs a command to its end; what it printed goes into the error.
pub(super) fn run(command: &mut Command, program: &Path) -> Result<(), PostgresError> {
    let output = command.output().map_err(|source| PostgresError::Spawn {
        program: program.to_owned(),
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(PostgresError::Failed {
        program: program.to_owned(),
        status: output.status.to_string(),
        output: last_lines(&String::from_utf8_lossy(&text)),
    })
}

/// The last lines of a program's output, on one line.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(8)..].join(" | ")
}
