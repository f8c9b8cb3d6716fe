//! PostgreSQL for tests: one server per run, a migrated template, a database of its own for each test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, mpsc};

use modbot::domain::ids::NumShards;
use modbot::local::postgres::{Options, PostgresServer, Search};
use modbot::store::config_db::{ConfigDb, ConfigDbSettings};
use sqlx::Connection;

/// Brings an empty database to the newest schema, as `modbotctl store migrate` does.
pub(crate) async fn migrate(url: &str) {
    let store = open(url);
    store.migrate(NumShards::DEFAULT).await.unwrap();
    // A template must have no connections.
    store.close().await;
}

/// The store at `url`, as a daemon opens it.
pub(crate) fn open(url: &str) -> ConfigDb {
    ConfigDb::open(&ConfigDbSettings::new(url.into(), "test")).unwrap()
}

/// The run's server. It is never stopped by us: its keeper stops it when this process ends.
static SHARED: OnceLock<Shared> = OnceLock::new();

struct Shared {
    server: PostgresServer,
    /// SQL for the thread that holds the one administrative connection, and where its outcome goes.
    admin: Mutex<mpsc::Sender<(String, mpsc::Sender<()>)>>,
}

/// Where tests look for PostgreSQL: `MODBOT_PG_BIN`, else what is installed, else the project's `.tools`.
pub(crate) fn search() -> Search {
    Search {
        bin: std::env::var_os("MODBOT_PG_BIN").map(PathBuf::from),
        tools: Some(Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools")),
    }
}

/// A server of the test's own, to be killed, restarted and put back in time.
pub(crate) fn own_server() -> PostgresServer {
    let options = Options {
        search: search(),
        durable: false,
        ..Options::default()
    };
    PostgresServer::launch(options).unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// A database of the test's own on the shared server; dropped with this.
pub(crate) struct TestDb {
    name: String,
}

impl TestDb {
    /// A copy of the migrated template.
    pub(crate) fn migrated() -> Self {
        Self::create("template modbot_template")
    }

    /// A database without any schema.
    pub(crate) fn empty() -> Self {
        Self::create("template template0")
    }

    /// Its URL, for `MODBOT_STORE_URL` and for sqlx.
    pub(crate) fn url(&self) -> String {
        shared().server.url(&self.name)
    }

    fn create(how: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        shared().execute(&format!("create database {name} {how}"));
        Self { name }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        shared().execute(&format!("drop database {} with (force)", self.name));
    }
}

impl Shared {
    fn launch() -> Self {
        let server = own_server();
        let (admin, jobs) = mpsc::channel::<(String, mpsc::Sender<()>)>();
        let url = server.url("postgres");
        std::thread::spawn(move || serve_admin(&url, &jobs));
        let shared = Self {
            server,
            admin: Mutex::new(admin),
        };
        shared.execute("create database modbot_template template template0");
        let url = shared.server.url("modbot_template");
        std::thread::spawn(move || runtime().block_on(migrate(&url)))
            .join()
            .expect("the template is migrated");
        shared
    }

    /// Runs one statement; fails the test when the server refuses it.
    fn execute(&self, sql: &str) {
        let (done, outcome) = mpsc::channel();
        let sent = self.admin.lock().unwrap().send((sql.to_owned(), done));
        assert!(
            sent.is_ok() && outcome.recv().is_ok(),
            "the test server refused: {sql}"
        );
    }
}

fn shared() -> &'static Shared {
    SHARED.get_or_init(Shared::launch)
}

/// Serves statements on one connection, in a thread of its own, so that tests with and without a
/// runtime can ask alike. A refused statement shows as its answer never coming.
fn serve_admin(url: &str, jobs: &mpsc::Receiver<(String, mpsc::Sender<()>)>) {
    let runtime = runtime();
    let mut connection = runtime.block_on(sqlx::PgConnection::connect(url)).unwrap();
    for (sql, done) in jobs {
        match runtime.block_on(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.as_str())).execute(&mut connection)) {
            Ok(_) => drop(done.send(())),
            Err(error) => eprintln!("{sql}: {error}"),
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// Every row of every table, as text: to show that nothing was changed.
pub(crate) async fn contents(url: &str) -> std::collections::BTreeMap<String, Vec<String>> {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("select table_name::text from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut all = std::collections::BTreeMap::new();
    for table in tables {
        let sql = sqlx::AssertSqlSafe(format!("select t::text from {table} t order by 1"));
        let rows = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        all.insert(table, rows);
    }
    all
}

/// A connection of the test's own, for what our code would not do.
pub(crate) async fn psql(url: &str) -> sqlx::PgConnection {
    sqlx::PgConnection::connect(url).await.unwrap()
}
