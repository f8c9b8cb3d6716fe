//! Migrating, and meeting another schema than one's own.

use modbot::domain::ids::NumShards;
use modbot::store::config_db::{SchemaError, StoreError};

use crate::support::postgres::{TestDb, open};

#[tokio::test]
async fn a_store_is_made_once_and_migrating_again_changes_nothing() {
    let server = TestDb::empty();
    let db = open(&server.url());
    assert!(matches!(
        db.check_schema().await,
        Err(StoreError::Schema(SchemaError::Missing))
    ));
    let first = db.migrate(NumShards::new(16).unwrap()).await.unwrap();
    assert_eq!(first.found, 0);
    let made = db.stamp().await.unwrap();
    let again = db.migrate(NumShards::new(32).unwrap()).await.unwrap();
    assert_eq!(again.found, again.needed);
    assert_eq!(db.stamp().await.unwrap(), made);
    assert_eq!(db.discord_shards().await.unwrap().value.len(), 16);
}

#[tokio::test]
async fn ten_migrators_at_once_make_one_store() {
    let server = TestDb::empty();
    let migrators = (0..10).map(|_| {
        let db = open(&server.url());
        tokio::spawn(async move { db.migrate(NumShards::DEFAULT).await.map(|_| ()) })
    });
    for migrator in migrators.collect::<Vec<_>>() {
        migrator.await.unwrap().unwrap();
    }
    assert_eq!(
        open(&server.url()).discord_shards().await.unwrap().value.len(),
        64
    );
}

#[tokio::test]
async fn an_older_a_newer_and_an_altered_schema_are_named() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let needed = db.schema_state().await.unwrap().needed;
    let sql = |text: &'static str| {
        let url = server.url();
        async move {
            let mut connection = crate::support::postgres::psql(&url).await;
            sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        }
    };
    let verdict = || async { format!("{:?}", db.check_schema().await) };
    assert_eq!(verdict().await, "Ok(())");

    sql("update _sqlx_migrations set version = 9999 where version = 1").await;
    assert_eq!(
        verdict().await,
        format!("Err(Schema(Newer {{ found: 9999, needed: {needed} }}))")
    );
    sql("update _sqlx_migrations set version = 1 where version = 9999").await;

    sql("update _sqlx_migrations set checksum = 'x' where version = 1").await;
    assert_eq!(verdict().await, "Err(Schema(Altered { version: 1 }))");
    sql("delete from _sqlx_migrations where version > 1").await;
    sql("update _sqlx_migrations set success = false where version = 1").await;
    assert_eq!(verdict().await, "Err(Schema(Altered { version: 1 }))");
}

#[tokio::test]
async fn a_half_migrated_store_is_older() {
    let server = TestDb::migrated();
    let db = open(&server.url());
    let needed = db.schema_state().await.unwrap().needed;
    let mut connection = crate::support::postgres::psql(&server.url()).await;
    sqlx::raw_sql("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)")
        .execute(&mut connection)
        .await
        .unwrap();
    let older = db.check_schema().await.unwrap_err().to_string();
    assert_eq!(
        older,
        format!(
            "the config store's schema is {}, this program needs {needed}",
            needed - 1
        )
    );
}
