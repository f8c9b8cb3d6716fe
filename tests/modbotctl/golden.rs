//! Golden files of what is printed. Change the output freely: `INSTA_UPDATE=always cargo test` writes them
//! anew, and the diff shows what an operator will notice.

use std::fmt::Write;

use clap::Command;

use super::Fleet;
use crate::support::golden::{golden, record_line, redacted, shape};
use crate::support::process::{modbotctl, outcome};

/// The arguments that lead to every command, that of the program itself (none) first.
fn paths(command: &Command, above: &[String], into: &mut Vec<Vec<String>>) {
    into.push(above.to_vec());
    for verb in command.get_subcommands() {
        let mut path = above.to_vec();
        path.push(verb.get_name().to_owned());
        paths(verb, &path, into);
    }
}

fn all_paths() -> Vec<Vec<String>> {
    let mut all = Vec::new();
    paths(&modbot::ctl::command(), &[], &mut all);
    all
}

#[test]
fn help_of_every_verb() {
    for path in all_paths() {
        let long = outcome(modbotctl().args(&path).arg("--help"));
        assert_eq!((long.code, long.stderr.as_str()), (Some(0), ""), "{path:?}");
        let short = outcome(modbotctl().args(&path).arg("-h"));
        assert_eq!(short.stdout, long.stdout, "{path:?}: -h and --help differ");
        let widest = long.stdout.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(80), "{path:?} is {widest:?} columns wide");
        let name = [vec!["help".to_owned()], path].concat().join("_");
        golden(&name, &long.stdout);
    }
}

/// What is different in every run, in the same number of characters where columns depend on it.
fn redact(text: &str, fleet: &Fleet) -> String {
    let url = fleet.db.url();
    let (_, socket) = url.split_once("?host=").unwrap();
    redacted(&text.replace(&url, "[url]").replace(socket, "[socket]"))
}

/// A session's record: each command line with all that came of it.
fn record(fleet: &Fleet, lines: &[&str]) -> String {
    let mut record = String::new();
    for line in lines {
        let args: Vec<&str> = line.split(' ').collect();
        record_line(&mut record, line, fleet.ctl(&args));
    }
    redact(&record, fleet)
}

#[tokio::test]
async fn what_is_read() {
    let fleet = Fleet::new().await;
    // Ages and PostgreSQL's own figures differ from run to run.
    let lines = [
        "pod list",
        "pods ls -o wide",
        "pod get pod-2",
        "pod list -o name",
        "guild list -o name",
        "guild list --pod 1 --limit 1 -o name",
        "guild get 614601782152265748",
        "shard list",
        "session list --pod pod-1 -o name",
        "audit list --limit 2",
    ];
    golden("read", &record(&fleet, &lines));
}

#[tokio::test]
async fn what_is_changed() {
    let fleet = Fleet::new().await;
    let lines = [
        "pod cordon 0 --dry-run",
        "pod cordon 0 --yes --actor alice --reason upkeep",
        "pod cordon pod-0 -y",
        "pod uncordon 0 -y -o json",
        "guild pin 614601782152265748 -y",
        "guild pin guild/614601782152265748 -y",
        "guild unpin 614601782152265748 -y -o name",
        "guild assign 5 pod-0 -y",
        "guild assign 5 pod-0 -y",
        "guild assign 6 pod-1 -y",
        "guild assign 7 pod-2 --dry-run",
        "store migrate --yes",
    ];
    golden("changed", &record(&fleet, &lines));
}

#[tokio::test]
async fn what_is_refused() {
    let fleet = Fleet::new().await;
    let lines = [
        "pod cordon 0",
        "pod cordon 0 -o json",
        "pod get 9",
        "pod cordon 9 -y",
        "pod get three",
        "guild get 99999999999999999999",
        "guild get abc",
        "guild get 0",
        "guild get -5",
        "guild get 5",
        "guild get 5 -o json",
        "guild assign 614601782152265748 pod-1 -y",
        "guild assign 5 pod-9 -y",
        "guild list -o yaml",
        "guild lst",
        "guild get",
        "guild get abc -o json",
        "session list --pod 1 --unhosted",
        "status --store mysql://db/x",
        "status --store-file /nonexistent/url",
        "status --request-timeout soon",
        "pod list --store postgres://modbot@localhost/none?host=/nonexistent",
        "store migrate --discord-shards 0 -y",
        "pod cordon 0 -y --actor=",
    ];
    golden("refused", &record(&fleet, &lines));
}

#[tokio::test]
async fn the_documents_keep_their_shape() {
    let fleet = Fleet::new().await;
    let mut text = String::new();
    for line in [
        "status",
        "pod list",
        "pod get 0",
        "guild list",
        "guild get 614601782152265748",
        "shard list",
        "shard inspect 0",
        "session list",
        "audit list",
        "store status",
        "version",
        "pod cordon 0 --dry-run",
    ] {
        let args: Vec<&str> = line.split(' ').chain(["-o", "json"]).collect();
        let ended = fleet.ctl(&args);
        assert_eq!(ended.code, Some(0), "{line}: {}", ended.stderr);
        writeln!(text, "modbotctl {line} -o json").unwrap();
        shape(&super::json(&ended.stdout), 1, &mut text);
    }
    golden("shapes", &text);
}
