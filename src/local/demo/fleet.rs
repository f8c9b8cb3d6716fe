//! The parts of the demonstration, started and stopped.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::{DemoError, DemoSettings, DemoStep};
use crate::client::config_api::{AttachRequest, ConfigApi, ConfigApiSettings};
use crate::domain::ids::{NumShards, PodId};
use crate::local::daemon_process::DaemonProcess;
use crate::local::postgres::{Options, PostgresServer};
use crate::runtime::build_info;
use crate::runtime::clock::SystemClock;
use crate::runtime::service_auth::{Role, SigningKey};
use crate::store::config_db::{ConfigDb, ConfigDbSettings};

/// How long to look before asking again whether the Discord shards are dealt.
const TICK: Duration = Duration::from_millis(50);

/// A fleet on this machine.
pub(super) struct Fleet {
    pub(super) db: ConfigDb,
    replicas: Vec<DaemonProcess>,
    keys: [(Role, String); 3],
    // Last: what the others use goes after them.
    _postgres: PostgresServer,
    _dir: TempDir,
}

impl Fleet {
    pub(super) async fn start(
        settings: &DemoSettings,
        on_step: &mut impl FnMut(DemoStep),
    ) -> Result<Self, DemoError> {
        let dir = TempDir::with_prefix("modbot-demo-").map_err(DemoError::Directory)?;
        let options = Options {
            search: settings.postgres.clone(),
            patience: settings.patience,
            ..Options::default()
        };
        let postgres = PostgresServer::launch(options)?;
        let url = postgres.url("postgres");
        let db = ConfigDb::open(&ConfigDbSettings::new(url.clone().into(), "modbotctl"))?;
        db.migrate(NumShards::DEFAULT).await?;
        on_step(DemoStep::Store);
        let keys = [Role::Pod, Role::Http, Role::Operator]
            .map(|role| (role, uuid::Uuid::new_v4().simple().to_string()));
        let mut replicas = Vec::new();
        for number in 0..settings.replicas {
            let variables = [
                ("MODBOT_STORE_URL", url.clone()),
                ("MODBOT_DEAL_INTERVAL", "100ms".to_owned()),
                ("MODBOT_AUTH_POD_KEY", keys[0].1.clone()),
                ("MODBOT_AUTH_HTTP_KEY", keys[1].1.clone()),
                ("MODBOT_AUTH_OPERATOR_KEY", keys[2].1.clone()),
            ];
            let program = settings.programs.join("modbot-config");
            let name = format!("config-{number}");
            let started = DaemonProcess::start(&program, &name, dir.path(), &variables, settings.patience);
            replicas.push(started.await?);
        }
        on_step(DemoStep::Replicas(settings.replicas));
        let fleet = Self {
            db,
            replicas,
            keys,
            _postgres: postgres,
            _dir: dir,
        };
        fleet.attach_pods(settings.pods).await?;
        on_step(DemoStep::Pods(settings.pods));
        Ok(fleet)
    }

    /// A caller of one replica after the other, in a role.
    pub(super) fn caller(&self, number: usize, role: Role) -> Result<ConfigApi, DemoError> {
        let key = self
            .keys
            .iter()
            .find(|(of, _)| *of == role)
            .map_or("", |(_, key)| key);
        let replica = &self.replicas[number % self.replicas.len()];
        let settings = ConfigApiSettings::new(replica.api(), SigningKey::new(role, key));
        Ok(ConfigApi::new(&settings, Arc::new(SystemClock))?)
    }

    async fn attach_pods(&self, pods: u32) -> Result<(), DemoError> {
        for (number, ordinal) in (0..pods).enumerate() {
            let Ok(pod) = PodId::new(ordinal) else { continue };
            let hello = AttachRequest {
                api_url: format!("http://{pod}.invalid"),
                capacity: 100,
                zone: String::new(),
                version: build_info::VERSION.to_owned(),
                boot_id: "pretended".to_owned(),
                volume_lineage: None,
            };
            self.caller(number, Role::Pod)?.attach(pod, &hello).await?;
        }
        // New guilds go to the hosts of their Discord shards, so these are dealt first.
        while self
            .db
            .discord_shards()
            .await?
            .value
            .iter()
            .any(|shard| shard.host.is_none())
        {
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }

    /// Stops everything, in order.
    pub(super) async fn stop(self, patience: Duration) {
        for replica in self.replicas {
            replica.stop(patience).await;
        }
        self.db.close().await;
    }
}
