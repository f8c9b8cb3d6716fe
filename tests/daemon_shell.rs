//! The shell that all daemons share, as an operator and a kubelet see it: real processes, real signals.

use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::support::daemon::{Daemon, blocking, free_address, get};
use super::support::process::{modbot_http, outcome};
use super::support::wait;

fn send(request: reqwest::RequestBuilder) -> (reqwest::StatusCode, reqwest::header::HeaderMap, Value) {
    blocking(async {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        (status, headers, response.json().await.unwrap())
    })
}

#[test]
fn wrong_settings_are_all_reported_at_once_and_no_port_is_bound() {
    let address = free_address();
    let mut command = modbot_http();
    command
        .env("MODBOT_LISTEN", &address)
        .env("MODBOT_ADMIN_LISTEN", "nonsense")
        .env("MODBOT_MAX_BODY", "many")
        .env("MODBOT_REQUEST_TIMEOUT", "0s")
        .env("MODBOT_LOG_FILTER", "loud=very");
    // Held by us: a daemon that tried to bind it would fail with another error.
    let _held = std::net::TcpListener::bind(&address).unwrap();
    let ended = outcome(&mut command);
    assert_eq!(ended.code, Some(78));
    assert_eq!(ended.stdout, "");
    insta::assert_snapshot!(ended.stderr, @r#"
    error: modbot-http: 4 settings are wrong:
      MODBOT_ADMIN_LISTEN: "nonsense": invalid socket address syntax
      MODBOT_LOG_FILTER: "loud=very": not a log filter: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
      MODBOT_MAX_BODY: "many": not a size: write it like 65536, 64KiB or 2MiB
      MODBOT_REQUEST_TIMEOUT: "0s": must be longer than zero

    hint: modbot-http --help lists every variable; nothing was started
    "#);
}

#[test]
fn check_config_shows_the_settings_and_starts_nothing() {
    let mut command = modbot_http();
    command
        .arg("--check-config")
        .env("MODBOT_SHUTDOWN_DELAY", "1s")
        .env("MODBOT_TYPO", "x");
    let ended = outcome(&mut command);
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stdout.contains("MODBOT_SHUTDOWN_DELAY=1s (variable)\n"),
        "{}",
        ended.stdout
    );
    assert!(
        ended.stdout.contains("MODBOT_LISTEN=0.0.0.0:8080 (default)\n"),
        "{}",
        ended.stdout
    );
    assert_eq!(
        ended.stderr,
        "warning: MODBOT_TYPO means nothing to modbot-http\n"
    );
    assert_eq!(outcome(modbot_http().arg("--bogus")).code, Some(2));
}

#[test]
fn probes_metrics_version_and_errors_have_their_forms() {
    let daemon = Daemon::start(&mut modbot_http()).ready();
    assert_eq!(
        get(&format!("{}/livez", daemon.admin)),
        Some((200, "ok\n".into()))
    );
    let (_, verbose) = get(&format!("{}/readyz?verbose&exclude=nothing", daemon.admin)).unwrap();
    assert_eq!(
        verbose,
        "[+]shutdown ok\n[+]started ok\nwarn: no check is named \"nothing\"\nready\n"
    );
    let (_, metrics) = get(&format!("{}/metrics", daemon.admin)).unwrap();
    assert!(
        metrics.contains("modbot_build_info{daemon=\"modbot-http\""),
        "{metrics}"
    );
    let (_, version) = get(&format!("{}/version", daemon.admin)).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&version).unwrap()["name"],
        "modbot-http"
    );

    let client = reqwest::Client::new();
    let (status, headers, body) = send(
        client
            .get(format!("{}/x", daemon.api))
            .header("x-request-id", "abc"),
    );
    assert_eq!((status.as_u16(), body["error"].as_str()), (404, Some("no_route")));
    assert_eq!(
        (
            headers["x-request-id"].to_str().unwrap(),
            body["request_id"].as_str()
        ),
        ("abc", Some("abc"))
    );
    let (status, headers, body) = send(client.post(format!("{}/livez", daemon.admin)));
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (405, Some("method_not_allowed"))
    );
    assert_eq!(headers["allow"], "GET,HEAD");
    let (status, _, body) = send(
        client
            .put(format!("{}/log-filter", daemon.admin))
            .body("x".repeat(5_000)),
    );
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (413, Some("body_too_large"))
    );
}

#[test]
fn sigterm_turns_readiness_off_then_ends_with_0() {
    let mut daemon = Daemon::start(modbot_http().env("MODBOT_SHUTDOWN_DELAY", "1500ms")).ready();
    daemon.process.terminate();
    let (status, text) = wait::until("not ready", || {
        get(&format!("{}/readyz", daemon.admin)).filter(|(status, _)| *status == 503)
    });
    assert_eq!(status, 503);
    assert!(
        text.starts_with("[-]shutdown failed: this process is stopping\n"),
        "{text}"
    );
    // Not ready, and still working: that is what the delay is for.
    assert_eq!(get(&format!("{}/x", daemon.api)).unwrap().0, 404);
    assert_eq!(
        get(&format!("{}/livez", daemon.admin)).map(|(status, _)| status),
        Some(200)
    );
    assert_eq!(daemon.process.wait_exit().code(), Some(0));
    assert!(daemon.process.stdout().contains("\"message\":\"stopped\""));
}

#[test]
fn a_second_signal_ends_at_once() {
    let mut daemon = Daemon::start(modbot_http().env("MODBOT_SHUTDOWN_DELAY", "10m")).ready();
    daemon.process.terminate();
    daemon
        .process
        .wait_for_line("the first signal", |line| line.contains("stopping: not ready"));
    daemon.process.terminate();
    assert_eq!(daemon.process.wait_exit().code(), Some(143));
}

#[test]
fn every_log_line_is_json_and_the_filter_changes_while_it_runs() {
    let mut daemon = Daemon::start(
        modbot_http()
            .env("MODBOT_SHUTDOWN_DELAY", "0s")
            .env("MODBOT_TYPO", "1"),
    );
    let client = reqwest::Client::new();
    let filter = format!("{}/log-filter", daemon.admin);
    let (status, _, body) = send(client.put(&filter).body("modbot=loud"));
    assert_eq!(
        (status.as_u16(), body["error"].as_str()),
        (400, Some("bad_request"))
    );
    get(&format!("{}/livez", daemon.admin));
    assert!(
        !daemon.process.stdout().contains("request answered"),
        "debug lines are not asked for yet"
    );
    let put = client.put(&filter).body("modbot=debug");
    let answer = blocking(async { put.send().await.unwrap().text().await.unwrap() });
    assert_eq!(answer, "modbot=debug\n");
    get(&format!("{}/livez", daemon.admin));
    daemon
        .process
        .wait_for_line("a debug line", |line| line.contains("request answered"));
    daemon.process.terminate();
    daemon.process.wait_exit();
    wait::until("the last line", || {
        daemon.process.stdout().contains("\"stopped\"").then_some(())
    });
    let log = daemon.process.stdout();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    assert_eq!(lines[0]["message"], "starting");
    assert_eq!(lines[0]["name"], "modbot-http");
    assert!(
        lines
            .iter()
            .any(|line| line["variable"] == "MODBOT_TYPO" && line["level"] == "WARN")
    );
    assert_eq!(daemon.process.stderr(), "");
}

#[test]
fn the_addresses_are_written_to_a_file_once_requests_are_accepted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("addr.json");
    let daemon = Daemon::start(modbot_http().env("MODBOT_ADDR_FILE", &path));
    let text = wait::until("the file", || std::fs::read_to_string(&path).ok());
    let addresses: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        format!("http://{}", addresses["admin"].as_str().unwrap()),
        daemon.admin
    );
    assert_eq!(addresses["pid"], daemon.process.pid());
}

#[test]
fn slow_heads_and_slow_bodies_are_cut_off() {
    use std::io::{Read as _, Write as _};
    let daemon = Daemon::start(
        modbot_http()
            .env("MODBOT_HEADER_TIMEOUT", "300ms")
            .env("MODBOT_BODY_TIMEOUT", "300ms"),
    );
    let address = daemon.api.strip_prefix("http://").unwrap();
    let exchange = |text: &[u8]| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(text).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert_eq!(
        exchange(b"GET /x HTT"),
        "",
        "closed without an answer: there was no request"
    );
    let answer = exchange(b"POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("body_too_slow"), "{answer}");
}

#[test]
fn a_client_that_sends_first_and_reads_later_is_told_that_its_body_is_too_large() {
    use std::io::{Read as _, Write as _};
    let daemon = Daemon::start(modbot_http().env("MODBOT_MAX_BODY", "1MiB"));
    let address = daemon.api.strip_prefix("http://").unwrap();
    let exchange = |head: &str, body: &[u8]| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(
            stream,
            "POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{head}\r\n\r\n"
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // More than the buffers of both ends hold.
    let large = vec![b'x'; 12 << 20];
    let chunked = [
        format!("{:x}\r\n", large.len()).as_bytes(),
        &large,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    for (head, body) in [
        (format!("content-length: {}", large.len()), large.as_slice()),
        ("transfer-encoding: chunked".to_owned(), chunked.as_slice()),
        ("expect: 100-continue\r\ncontent-length: 5000000".to_owned(), b""),
    ] {
        let answer = exchange(&head, body);
        assert!(answer.starts_with("HTTP/1.1 413"), "{head}: {answer}");
        assert!(answer.contains("body_too_large"), "{head}: {answer}");
    }
}

#[test]
fn a_panic_is_one_json_line_and_ends_the_process() {
    use std::os::unix::process::ExitStatusExt as _;
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "daemon_shell::panicking_child",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(6), "aborted");
    let text = String::from_utf8(child.stdout).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("panicked"))
        .expect("a log line");
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["panic.message"], "a bug");
    assert!(
        line["panic.location"]
            .as_str()
            .unwrap()
            .starts_with("tests/daemon_shell.rs")
    );
}

/// Not a test: what the one above starts.
#[test]
#[ignore = "started by a_panic_is_one_json_line_and_ends_the_process"]
fn panicking_child() {
    let filter = modbot::runtime::telemetry::parse_filter("info").unwrap();
    modbot::runtime::telemetry::start(filter).unwrap();
    panic!("a bug");
}
