//! Our binaries as processes: run to their end, or held running.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};

use super::wait;

/// `modbotctl`, with none of this machine's settings in its environment.
pub(crate) fn modbotctl() -> Command {
    bare(env!("CARGO_BIN_EXE_modbotctl"))
}

/// `modbot-config`.
pub(crate) fn modbot_config() -> Command {
    bare(env!("CARGO_BIN_EXE_modbot-config"))
}

/// `modbot-gateway`.
pub(crate) fn modbot_gateway() -> Command {
    bare(env!("CARGO_BIN_EXE_modbot-gateway"))
}

/// `modbot-http`.
pub(crate) fn modbot_http() -> Command {
    bare(env!("CARGO_BIN_EXE_modbot-http"))
}

fn bare(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    for name in ["PATH", "HOME", "USER", "TMPDIR", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// What a process left: its code (`None`: a signal) and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().expect("the binary runs");
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
    }
}

/// A process that runs beside the test; killed when dropped.
pub(crate) struct Running {
    child: Child,
    stdout: Arc<Mutex<String>>,
    stderr: Arc<Mutex<String>>,
}

impl Running {
    /// Starts `command` with its output captured.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = collect(child.stdout.take().expect("a pipe"));
        let stderr = collect(child.stderr.take().expect("a pipe"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has printed on stdout so far.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.lock().unwrap().clone()
    }

    /// What it has printed on stderr so far.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.lock().unwrap().clone()
    }

    /// The first line of stdout or stderr that `wanted` accepts, once it is there.
    pub(crate) fn wait_for_line(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        wait::until(what, || {
            // Whether it has ended is asked before its output is read, so that the last line counts.
            let ended = self.child.try_wait().unwrap();
            let text = self.stdout() + &self.stderr();
            let found = text.lines().find(|line| wanted(line)).map(str::to_owned);
            let (out, err) = (self.stdout(), self.stderr());
            assert!(
                found.is_some() || ended.is_none(),
                "ended before {what}\n{out}\n{err}"
            );
            found
        })
    }

    /// SIGKILL, and waits for its end.
    pub(crate) fn kill9(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends SIGTERM, as Kubernetes does first.
    pub(crate) fn terminate(&self) {
        self.signal(rustix::process::Signal::TERM);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, signal);
    }

    /// Waits for its end.
    pub(crate) fn wait_exit(&mut self) -> ExitStatus {
        let pid = self.pid();
        wait::until(&format!("process {pid} ends"), || self.child.try_wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Reads a stream in a thread of its own, so that the process never waits for us.
fn collect(stream: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let into = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
            into.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
    text
}
