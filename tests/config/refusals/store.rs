//! A store that cannot be used.

use modbot::domain::ids::NumShards;
use sqlx::Connection as _;

use super::{get_guild, told};
use crate::support::config::command;
use crate::support::daemon::{Daemon, get};
use crate::support::postgres::{TestDb, open};
use crate::support::wait;

fn readyz(daemon: &Daemon) -> String {
    get(&format!("{}/readyz", daemon.admin)).unwrap().1
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_cannot_be_used_is_said_to_be_so() {
    let unreachable = Daemon::start(&mut command("postgres://nobody@127.0.0.1:1/nothing"));
    wait::until("not ready", || {
        (unreachable.readiness() == Some(503)).then_some(())
    });
    let mut text = told(&unreachable, vec![("unreachable", get_guild("77"))]).await;

    let db = TestDb::empty();
    let daemon = Daemon::start(&mut command(&db.url()));
    text += &told(&daemon, vec![("no schema", get_guild("77"))]).await;
    let wanted = "has no schema yet (run `modbotctl store migrate`)";
    wait::until(wanted, || readyz(&daemon).contains(wanted).then_some(()));
    // Migrated meanwhile: it becomes ready by itself.
    open(&db.url()).migrate(NumShards::DEFAULT).await.unwrap();
    let daemon = daemon.ready();

    // A newer modbot migrates: this one steps aside.
    let mut connection = sqlx::postgres::PgConnection::connect(&db.url()).await.unwrap();
    let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (999, 'later', true, '', 0)";
    sqlx::query(later).execute(&mut connection).await.unwrap();
    wait::until("not ready", || {
        readyz(&daemon).contains("newer than the").then_some(())
    });
    insta::assert_snapshot!(text);
}
