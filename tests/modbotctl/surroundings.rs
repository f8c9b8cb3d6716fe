//! What the terminal, the shell and the environment make of `modbotctl`.

use std::io::Write;
use std::process::{Command, Stdio};

use super::Fleet;
use crate::support::process::{modbotctl, outcome};

#[tokio::test]
async fn colours_are_for_terminals_or_by_wish() {
    let fleet = Fleet::new().await;
    let coloured = |args: &[&str], variable: Option<&str>| {
        let mut command = fleet.command(args);
        if let Some(variable) = variable {
            command.env(variable, "1");
        }
        outcome(&mut command).stderr.contains('\u{1b}')
    };
    let plain = ["pod", "get", "9"];
    let always = ["pod", "get", "9", "--color", "always"];
    let never = ["pod", "get", "9", "--color", "never"];
    assert!(!coloured(&plain, None));
    assert!(coloured(&always, None));
    assert!(coloured(&plain, Some("CLICOLOR_FORCE")));
    assert!(!coloured(&never, Some("CLICOLOR_FORCE")));
    assert!(!coloured(&plain, Some("NO_COLOR")));
}

#[tokio::test]
async fn the_url_may_stand_in_a_file_and_a_flag_wins() {
    let fleet = Fleet::new().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("url");
    std::fs::write(&file, fleet.db.url() + "\n").unwrap();
    let by_file = outcome(
        modbotctl()
            .args(["pod", "list", "-o", "name"])
            .env("MODBOT_STORE_URL_FILE", &file),
    );
    assert_eq!((by_file.code, by_file.stdout.lines().count()), (Some(0), 3));
    let by_flag = outcome(
        modbotctl()
            .args(["pod", "list", "-o", "name", "--store", &fleet.db.url()])
            .env("MODBOT_STORE_URL", "postgres://localhost:1/none"),
    );
    assert_eq!(by_flag.code, Some(0), "{}", by_flag.stderr);
    let both = outcome(
        fleet
            .command(&["pod", "list"])
            .env("MODBOT_STORE_URL_FILE", &file),
    );
    assert_eq!(both.code, Some(2), "{}", both.stderr);
    let none = outcome(modbotctl().args(["pod", "list"]));
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("hint: give --store URL"), "{}", none.stderr);
}

#[tokio::test]
async fn the_actor_is_given_or_the_user_of_the_system() {
    let fleet = Fleet::new().await;
    let actor = |command: &mut Command| {
        let ended = outcome(command);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    };
    actor(&mut fleet.command(&["pod", "cordon", "0", "-y"]));
    let by_system = fleet.last_audit().await[0].clone();
    assert!(!by_system.is_empty());
    actor(
        fleet
            .command(&["pod", "uncordon", "0", "-y"])
            .env("MODBOT_ACTOR", "bob"),
    );
    assert_eq!(fleet.last_audit().await[0], "bob");
    let flag = ["pod", "cordon", "0", "-y", "--actor", "carol"];
    actor(fleet.command(&flag).env("MODBOT_ACTOR", "bob"));
    assert_eq!(fleet.last_audit().await[0], "carol");
    if rustix::process::getuid().is_root() {
        actor(
            fleet
                .command(&["pod", "uncordon", "0", "-y"])
                .env("SUDO_USER", "dave"),
        );
        assert_eq!(fleet.last_audit().await[0], "dave");
    }
}

#[test]
fn completion_scripts_are_valid() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = outcome(modbotctl().args(["completion", shell]));
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert!(ended.stdout.contains("uncordon"), "{shell}");
        let Ok(mut checker) = Command::new(shell)
            .args(["-n", "/dev/stdin"])
            .stdin(Stdio::piped())
            .spawn()
        else {
            eprintln!("not checked: {shell} is not installed");
            continue;
        };
        let mut script = checker.stdin.take().unwrap();
        script.write_all(ended.stdout.as_bytes()).unwrap();
        drop(script);
        assert!(checker.wait().unwrap().success(), "{shell}");
    }
    assert_eq!(outcome(modbotctl().args(["completion", "cmd"])).code, Some(2));
}

#[test]
fn there_is_a_manual_page_for_every_verb() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("man/man1");
    let ended = outcome(modbotctl().args(["man", "--dir"]).arg(&pages));
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    for page in [
        "modbotctl",
        "modbotctl-guild-assign",
        "modbotctl-store-migrate",
        "modbotctl-status",
    ] {
        let text = std::fs::read_to_string(pages.join(format!("{page}.1"))).unwrap();
        assert!(text.contains(".SH \"EXIT STATUS\""), "{page}");
        assert!(text.contains("130"), "{page}");
    }
    let stdout = outcome(modbotctl().arg("man")).stdout;
    assert_eq!(
        stdout,
        std::fs::read_to_string(pages.join("modbotctl.1")).unwrap()
    );
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = outcome(modbotctl().args(["man", "--dir"]).arg(&file));
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("error: cannot"), "{}", refused.stderr);
}

#[test]
fn help_and_version_need_no_store_and_no_arguments_are_wrong_usage() {
    assert_eq!(outcome(&mut modbotctl()).code, Some(2));
    assert_eq!(outcome(modbotctl().arg("--help")).code, Some(0));
    let version = outcome(modbotctl().arg("--version"));
    assert_eq!(version.code, Some(0));
    assert!(version.stdout.starts_with("modbotctl 0"), "{}", version.stdout);
    let help = outcome(modbotctl().args(["help", "guild", "assign"]));
    assert_eq!(
        help.stdout,
        outcome(modbotctl().args(["guild", "assign", "--help"])).stdout
    );
}
