//! `modbotctl restore` and `modbotctl replica` as an operator meets them.

use std::path::Path;

use super::support::{json, sha256, unpack};
use crate::support::process::{Outcome, modbotctl, outcome};

fn run(args: &[&str], paths: &[&Path]) -> Outcome {
    outcome(modbotctl().args(args).args(paths))
}

/// Runs `restore shard REPLICA -o FILE` and more.
fn restore(replica: &Path, output: &Path, more: &[&str]) -> Outcome {
    let mut command = modbotctl();
    outcome(
        command
            .args(["restore", "shard"])
            .arg(replica)
            .arg("-o")
            .arg(output)
            .args(more),
    )
}

#[test]
fn a_shard_is_restored_once_and_told_in_full() {
    let dir = unpack("v05.tar.xz");
    let (replica, output) = (dir.path().join("replica"), dir.path().join("out.db"));
    let done = restore(&replica, &output, &[]);
    assert_eq!((done.code, done.stderr.as_str()), (Some(0), ""));
    assert!(
        done.stdout
            .contains("TXID 0000000000000032 of 2026-11-21T19:09:24.088Z"),
        "{}",
        done.stdout
    );
    assert_eq!(json("v05.expected.json")["latest"]["sha256"], *sha256(&output));

    let again = restore(&replica, &output, &[]);
    assert!(
        again.code == Some(3) && again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    let again = restore(&replica, &output, &["--if-missing"]);
    assert!(
        again.code == Some(0) && again.stderr.contains("nothing to do"),
        "{}",
        again.stderr
    );

    let early = restore(
        &replica,
        &dir.path().join("at.db"),
        &["--at", "2026-11-21T19:08:26.806Z", "--json"],
    );
    let document: serde_json::Value = serde_json::from_str(&early.stdout).unwrap();
    assert_eq!(
        (&document["kind"], &document["item"]["txid"]),
        (&"Restored".into(), &"0000000000000009".into())
    );
    assert!(
        early.stderr.contains("3.4 s before the time asked for"),
        "{}",
        early.stderr
    );
}

#[test]
fn every_way_to_fail_has_its_code() {
    let (whole, damaged) = (unpack("v05.tar.xz"), unpack("v05-damaged.tar.xz"));
    let output = whole.path().join("out.db");
    let replica = whole.path().join("replica");
    let cases = [
        (replica.as_path(), &["--txid", "5"][..], 3, "only held inside"),
        (
            &replica,
            &["--at", "2099-01-01T00:00:00Z"],
            3,
            "nothing says what came after it",
        ),
        (&replica, &["--at", "yesterday"], 2, "--at"),
        (
            &damaged.path().join("missing-middle"),
            &[],
            7,
            "000000000000001e are missing",
        ),
        (Path::new("/nowhere"), &[], 5, "there is no replica"),
        (
            Path::new("s3://b?endpoint=http://x&partSize=1"),
            &[],
            2,
            "partSize",
        ),
        (Path::new("pod-3"), &[], 2, "MODBOT_REPLICA_URL"),
    ];
    for (replica, more, code, part) in cases {
        let failed = restore(replica, &output, more);
        assert_eq!(failed.code, Some(code), "{more:?}: {}", failed.stderr);
        assert!(failed.stderr.contains(part), "{}", failed.stderr);
    }
    let format = restore(&replica, Path::new("json"), &[]);
    assert!(
        format.code == Some(2) && format.stderr.contains("--json"),
        "{}",
        format.stderr
    );
    assert!(!output.exists());
}

#[test]
fn damage_is_warned_of_and_verification_ends_with_7() {
    let dir = unpack("v05-damaged.tar.xz");
    let replica = dir.path().join("snapshot-bitflip");
    let restored = restore(&replica, &dir.path().join("out.db"), &[]);
    assert_eq!(restored.code, Some(0));
    assert!(
        restored
            .stderr
            .contains("warning: ltx/9/0000000000000001-000000000000001c.ltx"),
        "{}",
        restored.stderr
    );
    for (name, part) in [
        ("snapshot-bitflip", "1c.ltx"),
        ("missing-middle", "transactions 000000000000001e"),
    ] {
        let verified = run(&["replica", "verify"], &[&dir.path().join(name)]);
        assert_eq!(verified.code, Some(7));
        assert!(verified.stderr.contains(part), "{}", verified.stderr);
    }
    let whole = unpack("v05.tar.xz");
    let verified = run(&["replica", "verify"], &[&whole.path().join("replica")]);
    assert_eq!((verified.code, verified.stderr.as_str()), (Some(0), ""));
}

#[test]
fn status_and_points_say_what_there_is() {
    let dir = unpack("v05.tar.xz");
    let replica = dir.path().join("replica");
    let names = run(&["replica", "points", "-o", "name"], &[&replica]);
    assert_eq!(
        (names.stdout.lines().count(), names.stdout.lines().next()),
        (20, Some("0000000000000001"))
    );
    let status = run(&["replica", "status", "-o", "json"], &[&replica]);
    let document: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let item = &document["items"][0];
    assert_eq!((&item["state"], &item["points"]), (&"ok".into(), &20.into()));
    let broken = unpack("v05-damaged.tar.xz");
    let status = run(&["replica", "status"], &[&broken.path().join("missing-middle")]);
    assert!(
        status.stdout.contains("broken") && status.stderr.contains("cannot be restored"),
        "{}",
        status.stderr
    );
}
