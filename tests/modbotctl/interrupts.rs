//! A store that does not answer, an operator who loses patience, a reader that goes away.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Instant;

use super::Fleet;
use crate::support::process::{Running, modbotctl, outcome};

/// A server that takes connections and never says a word; tells of each connection.
fn silent_server() -> (SocketAddr, mpsc::Receiver<TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (connected, connections) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if connected.send(stream).is_err() {
                break;
            }
        }
    });
    (address, connections)
}

#[test]
fn an_unreachable_store_is_told_at_once_with_its_cause() {
    // A port that nobody listens on: it was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgres://modbot@127.0.0.1:{port}/x");
    for args in [
        &["status"][..],
        &["guild", "pin", "5", "-y"],
        &["store", "migrate", "-y"],
        &["version"],
    ] {
        let ended = outcome(modbotctl().args(args).args(["--store", &url]));
        assert_eq!(ended.code, Some(8), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{args:?}");
        assert!(ended.stderr.contains("Connection refused"), "{}", ended.stderr);
        assert!(ended.stderr.contains("hint: "), "{}", ended.stderr);
    }
}

#[test]
fn a_silent_store_is_waited_for_no_longer_than_asked() {
    let (address, _connections) = silent_server();
    let url = format!("postgres://modbot@{address}/x");
    for args in [&["status"][..], &["guild", "pin", "5", "-y"]] {
        let start = Instant::now();
        let ended = outcome(
            modbotctl()
                .args(args)
                .args(["--store", &url, "--request-timeout", "300ms"]),
        );
        assert_eq!(ended.code, Some(8), "{}", ended.stderr);
        assert!(
            ended.stderr.contains("did not answer within 300ms"),
            "{}",
            ended.stderr
        );
        assert!(
            start.elapsed().as_secs() < 10,
            "the default of 10s was waited for"
        );
    }
}

#[test]
fn an_interrupt_ends_the_wait_with_130() {
    let (address, connections) = silent_server();
    let url = format!("postgres://modbot@{address}/x");
    let mut running =
        Running::start(modbotctl().args(["status", "--store", &url, "--request-timeout", "10m"]));
    let _held = connections.recv().unwrap();
    running.signal(rustix::process::Signal::INT);
    let status = running.wait_exit();
    assert_eq!(status.code(), Some(130), "{}", running.stderr());
    assert!(running.stderr().contains("interrupted"), "{}", running.stderr());
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_failure() {
    let fleet = Fleet::new().await;
    for args in [
        &["guild", "list"][..],
        &["audit", "list", "-o", "json"],
        &["completion", "bash"],
        &["man"],
        &["--help"],
    ] {
        let mut child = fleet
            .command(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}: {stderr}");
        assert_eq!(stderr, "", "{args:?}");
    }
}

#[tokio::test]
async fn a_full_disk_is_a_failure() {
    let fleet = Fleet::new().await;
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = fleet.command(&["guild", "list"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("cannot write the output: No space left"),
        "{stderr}"
    );
}
