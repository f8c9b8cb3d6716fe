//! The process that makes sure no server outlives its owner.
//!
//! Nothing runs in a process that is killed with SIGKILL, and statics are not dropped at exit. So a
//! shell beside the server reads a pipe whose other end only the owner holds: when the owner is gone,
//! however it went, the read ends, and the shell stops the server and removes its directory. (Linux
//! could signal the server itself when its parent dies, but it watches the parent *thread*, and the
//! thread that starts a test's server ends with that test.)

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};

use super::PostgresError;
use super::user::ServerUser;

/// Waits for the pipe's end. Process ids are used again, so the id in `postmaster.pid` counts only
/// while that process works in this very data directory.
const SCRIPT: &str = r#"
cat >/dev/null
dir=$1
read -r pid <"$dir/data/postmaster.pid" || exit_now=1
serves_here() { [ "$(readlink "/proc/$pid/cwd")" = "$dir/data" ]; }
if [ -z "$exit_now" ] && serves_here; then
    kill -QUIT "$pid"
    tries=0
    while serves_here && [ $tries -lt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
    serves_here && kill -KILL "$pid"
fi
cd /
rm -rf "$dir"
"#;

/// Lives as long as the server is wanted.
#[derive(Debug)]
pub(super) struct Keeper(Child);

impl Keeper {
    /// Watches over the server below `dir`.
    pub(super) fn start(user: ServerUser, dir: &Path) -> Result<Self, PostgresError> {
        let shell = Path::new("/bin/sh");
        let mut command = user.command(shell, dir);
        command
            .args(["-c", SCRIPT, "modbot-postgres-keeper"])
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C goes to the owner's process group; the keeper must outlive it.
            .process_group(0);
        match command.spawn() {
            Ok(child) => Ok(Self(child)),
            Err(source) => Err(PostgresError::Spawn {
                program: shell.to_owned(),
                source,
            }),
        }
    }
}

impl Drop for Keeper {
    /// Lets the keeper do its work and waits for it.
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
