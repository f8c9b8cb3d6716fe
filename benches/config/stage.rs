//! A durable PostgreSQL, one replica, three pods, and a store with guilds in it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use modbot::client::config_api::{AttachRequest, ConfigApi, ConfigApiSettings};
use modbot::domain::ids::{GuildId, NumShards, PodId};
use modbot::local::postgres::{Options, PostgresServer, Search};
use modbot::runtime::clock::SystemClock;
use modbot::runtime::service_auth::{Role, SigningKey};
use modbot::store::config_db::{By, ConfigDb, ConfigDbSettings};

/// Guilds in the store before anything is measured.
pub(crate) const GUILDS: u64 = 10_000;
const KEY: &str = "a-key-of-the-benchmark-0123456789abcdef";

/// What everything is measured on.
pub(crate) struct Stage {
    replica: Child,
    /// `host:port` of the replica's API.
    pub(crate) address: String,
    /// The store itself.
    pub(crate) db: ConfigDb,
    // Last: it is stopped when nothing uses it any more.
    pub(crate) server: PostgresServer,
}

impl Stage {
    /// Sets it up; some seconds.
    pub(crate) async fn set() -> Self {
        let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join(".tools");
        let search = Search {
            bin: std::env::var_os("MODBOT_PG_BIN").map(Into::into),
            tools: Some(tools),
        };
        let options = Options {
            search,
            ..Options::default()
        };
        let server = PostgresServer::launch(options).unwrap();
        let url = server.url("postgres");
        let db = ConfigDb::open(&ConfigDbSettings::new(url.as_str().into(), "bench")).unwrap();
        db.migrate(NumShards::DEFAULT).await.unwrap();
        let (replica, address) = start_replica(&url);
        fill(&db, &address).await;
        Self {
            replica,
            address,
            db,
            server,
        }
    }

    /// A typed client.
    pub(crate) fn api(&self) -> ConfigApi {
        api(&self.address, Role::Http)
    }

    /// What callers sign with.
    pub(crate) fn key() -> SigningKey {
        SigningKey::new(Role::Http, &format!("{KEY}-http"))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.replica.kill();
        let _ = self.replica.wait();
    }
}

/// Guild number `number`: spread over the Discord shards.
pub(crate) fn guild(number: u64) -> GuildId {
    GuildId::new((number + 1) << 22).unwrap()
}

fn api(address: &str, role: Role) -> ConfigApi {
    let key = SigningKey::new(role, &format!("{KEY}-{role}"));
    let settings = ConfigApiSettings::new(&format!("http://{address}"), key);
    ConfigApi::new(&settings, Arc::new(SystemClock)).unwrap()
}

fn start_replica(url: &str) -> (Child, String) {
    let dir = tempfile::tempdir().unwrap();
    let addr_file = dir.path().join("addr.json");
    let mut replica = Command::new(env!("CARGO_BIN_EXE_modbot-config"))
        .env("MODBOT_STORE_URL", url)
        .env("MODBOT_LISTEN", "127.0.0.1:0")
        .env("MODBOT_ADMIN_LISTEN", "127.0.0.1:0")
        .env("MODBOT_ADDR_FILE", &addr_file)
        .env("MODBOT_LEASE_TTL", "1h")
        .env("MODBOT_AUTH_POD_KEY", format!("{KEY}-pod"))
        .env("MODBOT_AUTH_HTTP_KEY", format!("{KEY}-http"))
        .env("MODBOT_AUTH_OPERATOR_KEY", format!("{KEY}-operator"))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    for _ in 0..1_000 {
        if let Ok(text) = std::fs::read_to_string(&addr_file) {
            let addresses: serde_json::Value = serde_json::from_str(&text).unwrap();
            return (replica, addresses["api"].as_str().unwrap().to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    replica.kill().unwrap();
    replica.wait().unwrap();
    panic!("the replica did not start");
}

async fn fill(db: &ConfigDb, address: &str) {
    let pods = api(address, Role::Pod);
    for ordinal in 0..3 {
        let ask = AttachRequest {
            api_url: "http://127.0.0.1:1".to_owned(),
            capacity: 100,
            zone: String::new(),
            version: "bench".to_owned(),
            boot_id: "bench".to_owned(),
            volume_lineage: None,
        };
        pods.attach(PodId::new(ordinal).unwrap(), &ask).await.unwrap();
    }
    let guilds: Vec<GuildId> = (0..GUILDS).map(guild).collect();
    for call in guilds.chunks(1_000) {
        db.place(call, &By::daemon("bench")).await.unwrap();
    }
}
