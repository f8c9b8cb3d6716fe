//! PostgreSQL alone: its own benchmark of prepared single-row reads.

use std::process::Command;
use std::time::Duration;

use modbot::local::postgres::PostgresServer;

/// Selects a second of `callers` connections.
pub(crate) fn selects_per_second(server: &PostgresServer, callers: usize, span: Duration) -> f64 {
    let url = server.url("postgres");
    run(server, &["--initialize", "--quiet", "--scale=10", &url]);
    let out = run(
        server,
        &[
            "--select-only",
            "--protocol=prepared",
            "--no-vacuum",
            &format!("--client={callers}"),
            "--jobs=2",
            &format!("--time={}", span.as_secs()),
            &url,
        ],
    );
    let line = out
        .lines()
        .find(|line| line.starts_with("tps = "))
        .expect("a figure");
    line.split_whitespace().nth(2).unwrap().parse().unwrap()
}

fn run(server: &PostgresServer, args: &[&str]) -> String {
    let output = Command::new(server.binaries().dir().join("pgbench"))
        .args(args)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
