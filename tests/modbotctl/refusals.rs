//! What is refused: with one clear message, the documented code, and nothing changed.

use super::{Fleet, contents, json};
use crate::support::postgres::TestDb;
use crate::support::process::{modbotctl, outcome};

const CHANGES: [&[&str]; 7] = [
    &["pod", "cordon", "0"],
    &["pod", "uncordon", "1"],
    &["guild", "pin", "614601782152265748"],
    &["guild", "unpin", "614601782152265748"],
    &["guild", "assign", "5", "pod-0"],
    &["store", "migrate"],
    &["store", "waive", "0"],
];

#[tokio::test]
async fn nothing_changes_without_consent() {
    let fleet = Fleet::new().await;
    let before = fleet.contents().await;
    for args in CHANGES {
        let ended = fleet.ctl(args);
        assert_eq!(ended.code, Some(4), "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "");
        assert!(
            ended.stderr.contains("without consent") && ended.stderr.contains("hint: add --yes"),
            "{}",
            ended.stderr
        );
    }
    assert_eq!(fleet.contents().await, before);
}

#[test]
fn consent_is_asked_for_before_the_store_is() {
    let mut command = modbotctl();
    command
        .args(["pod", "cordon", "0"])
        .env("MODBOT_STORE_URL", "postgres://localhost:1/none");
    assert_eq!(outcome(&mut command).code, Some(4));
}

#[test]
fn bad_ids_are_wrong_usage_with_one_message() {
    for id in ["99999999999999999999", "abc", "0", "-5", "05", "+5", "5.0", ""] {
        for args in [
            &["guild", "get", id][..],
            &["guild", "pin", id, "--yes"],
            &["guild", "assign", id, "0", "--yes"],
        ] {
            let ended = outcome(modbotctl().args(args));
            assert_eq!(ended.code, Some(2), "{args:?}");
            assert_eq!(ended.stdout, "");
            let errors = ended.stderr.matches("error:").count();
            assert_eq!(errors, 1, "{args:?}: {}", ended.stderr);
            assert!(ended.stderr.contains("guild id"), "{args:?}: {}", ended.stderr);
        }
    }
    for id in ["10000", "three", "-1", "pod-", "03"] {
        let ended = outcome(modbotctl().args(["pod", "get", id]));
        assert_eq!(ended.code, Some(2), "{id}");
        assert!(ended.stderr.contains("is not a pod"), "{id}: {}", ended.stderr);
    }
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let fleet = Fleet::new().await;
    let before = fleet.contents().await;
    for args in [
        &["pod", "get", "9"][..],
        &["shard", "inspect", "9"],
        &["pod", "cordon", "9", "-y"],
        &["pod", "uncordon", "9", "-y"],
        &["guild", "get", "5"],
        &["guild", "pin", "5", "-y"],
        &["guild", "assign", "5", "9", "-y"],
    ] {
        let ended = fleet.ctl(args);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{args:?}");
        assert!(
            ended.stderr.contains("\nhint: modbotctl "),
            "{args:?}: {}",
            ended.stderr
        );
        let ended = fleet.ctl(&[args, &["-o", "json"]].concat());
        let error = json(&ended.stderr);
        assert_eq!((&error["kind"], &error["exitCode"]), (&"Error".into(), &5.into()));
    }
    assert_eq!(fleet.contents().await, before);
}

#[tokio::test]
async fn another_schema_is_refused_by_every_verb_and_shown_by_store_status() {
    let fleet = Fleet::new().await;
    let newest = "(select max(version) from _sqlx_migrations)";
    let cases = [
        (
            format!("delete from _sqlx_migrations where version = {newest}"),
            "hint: modbotctl store migrate",
        ),
        (
            "insert into _sqlx_migrations select version + 100, description, installed_on, success, checksum, \
             execution_time from _sqlx_migrations where version = 1"
                .to_owned(),
            "newer than",
        ),
    ];
    for (statement, words) in cases {
        fleet.sql(&statement).await;
        let before = fleet.contents().await;
        for args in [
            &["status"][..],
            &["pod", "list"],
            &["guild", "list", "-o", "json"],
            &["guild", "pin", "614601782152265748", "-y"],
        ] {
            let ended = fleet.ctl(args);
            assert_eq!(
                (ended.code, ended.stdout.as_str()),
                (Some(3), ""),
                "{args:?}: {}",
                ended.stderr
            );
            let text = ended.stderr.replace("\"hint\": \"", "hint: ");
            assert!(text.contains(words), "{args:?}: {text}");
        }
        let shown = fleet.ctl(&["store", "status"]);
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        assert!(shown.stdout.starts_with("Schema:"), "{}", shown.stdout);
        let version = fleet.ctl(&["version", "-o", "json"]);
        assert_eq!(version.code, Some(0), "{}", version.stderr);
        assert_eq!(fleet.contents().await, before);
    }
    let newer = fleet.ctl(&["store", "migrate", "-y"]);
    assert_eq!(newer.code, Some(3), "{}", newer.stderr);
}

#[tokio::test]
async fn an_empty_database_is_told_from_a_store() {
    let db = TestDb::empty();
    let ended = outcome(
        modbotctl()
            .args(["guild", "list"])
            .env("MODBOT_STORE_URL", db.url()),
    );
    assert_eq!(ended.code, Some(3));
    assert_eq!(
        ended.stderr,
        "error: the config store has no schema yet\n\nhint: modbotctl store migrate\n"
    );
    assert!(contents(&db.url()).await.is_empty());
}

#[tokio::test]
async fn a_wrong_database_is_not_allowed_and_secrets_stay_secret() {
    let fleet = Fleet::new().await;
    let url = fleet.db.url().replace("/test_", "/no_such_");
    let ended = outcome(modbotctl().args(["pod", "list", "--store", &url]));
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);

    let secret = "postgres://modbot:hunter2@localhost:1/x";
    let bad = "postgres://modbot:hunter2@[nonsense/x";
    for url in [secret, bad, "mysql://modbot:hunter2@db/x"] {
        let ended = outcome(modbotctl().args(["pod", "list"]).env("MODBOT_STORE_URL", url));
        assert!(matches!(ended.code, Some(2 | 8)), "{}", ended.stderr);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
    let help = outcome(
        modbotctl()
            .args(["pod", "list", "--help"])
            .env("MODBOT_STORE_URL", secret),
    );
    assert!(!help.stdout.contains("hunter2"));
}

#[test]
fn consent_has_one_gate() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut gates = Vec::new();
    let mut open = vec![source.clone()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if std::fs::read_to_string(&path)
                .unwrap()
                .lines()
                .any(|line| line.starts_with("impl Gate for"))
            {
                gates.push(path.strip_prefix(&source).unwrap().display().to_string());
            }
        }
    }
    assert_eq!(gates, ["ctl/consent.rs"]);
}
