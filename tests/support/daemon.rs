//! A daemon as a process on free ports.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use super::process::Running;
use super::wait;

/// A daemon, with the addresses it logged.
pub(crate) struct Daemon {
    pub(crate) process: Running,
    /// `http://…` of the admin port.
    pub(crate) admin: String,
    /// `http://…` of the API port.
    pub(crate) api: String,
}

impl Daemon {
    /// Starts it on free ports (unless the command says otherwise) and waits for its first log line.
    pub(crate) fn start(command: &mut Command) -> Self {
        for variable in ["MODBOT_LISTEN", "MODBOT_ADMIN_LISTEN"] {
            if command.get_envs().all(|(name, _)| name != variable) {
                command.env(variable, "127.0.0.1:0");
            }
        }
        let mut process = Running::start(command);
        let line = process.wait_for_line("the first log line", |line| line.contains("\"starting\""));
        let line: Value = serde_json::from_str(&line).unwrap();
        Self {
            process,
            admin: format!("http://{}", line["admin_listen"].as_str().unwrap()),
            api: format!("http://{}", line["listen"].as_str().unwrap()),
        }
    }

    /// Waits until it is ready.
    pub(crate) fn ready(self) -> Self {
        wait::until("ready", || (self.readiness() == Some(200)).then_some(()));
        self
    }

    /// The status of `/readyz`; none where nobody answers.
    pub(crate) fn readiness(&self) -> Option<u16> {
        get(&format!("{}/readyz", self.admin)).map(|(status, _)| status)
    }

    /// The status of one loop, from `/loops`.
    pub(crate) fn loop_status(&self, name: &str) -> Value {
        let (_, text) = get(&format!("{}/loops", self.admin)).expect("the admin port answers");
        let all: Value = serde_json::from_str(&text).unwrap();
        all[name].clone()
    }
}

/// A probe that takes longer has no answer.
const PROBE_TIME: std::time::Duration = std::time::Duration::from_secs(5);

/// Status and body; none where nobody answers. Callable inside and outside of a runtime.
pub(crate) fn get(url: &str) -> Option<(u16, String)> {
    let url = url.to_owned();
    blocking(async move {
        let response = http().get(url).timeout(PROBE_TIME).send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    })
}

/// One client for all (making one is slow), without a pool: its connections would outlive their runtimes.
pub(crate) fn http() -> &'static reqwest::Client {
    static CLIENT: std::sync::OnceLock<reqwest::Client> = std::sync::OnceLock::new();
    CLIENT.get_or_init(|| {
        reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()
            .unwrap()
    })
}

/// Runs a future to its end on a thread and a runtime of its own.
pub(crate) fn blocking<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let run = move || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(future)
    };
    std::thread::spawn(run).join().expect("the request's thread")
}

/// A port for a daemon that must come back at the same address: below those that the system gives out by itself, or
/// another test's connection takes it before, or while the daemon is down.
pub(crate) fn free_address() -> String {
    const FIRST: u32 = 20_000;
    const PORTS: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    for _ in 0..PORTS {
        // Runs of other processes begin elsewhere.
        let number = NEXT.fetch_add(1, Ordering::Relaxed) + (std::process::id() % 1_000) * 97;
        let port = u16::try_from(FIRST + number % PORTS).unwrap();
        if let Ok(listener) = std::net::TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().unwrap().to_string();
        }
    }
    panic!("no port is free from {FIRST} on");
}
