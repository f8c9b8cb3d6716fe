//! Looks at the store by itself: whether it is there, ours, and has not lost history.

use std::time::Duration;

use prometheus_client::metrics::gauge::Gauge;

use super::service::LastStamp;
use crate::domain::store_stamp::StoreStamp;
use crate::runtime::background::Poke;
use crate::runtime::daemon::Shell;
use crate::runtime::error_chain::Chain;
use crate::store::config_db::{ConfigDb, SchemaError, StoreError};

/// Starts the check: it alone sets the readiness check `store`.
///
/// A store that recovers is ready: pods must be able to report to it, and lookups are answered.
pub(super) fn start(shell: &Shell, db: &ConfigDb, last_stamp: &LastStamp, every: Duration) -> Poke {
    let ready = shell.readiness.check("store");
    let gauges = Gauges::new(shell);
    let (db, last_stamp) = (db.clone(), last_stamp.clone());
    shell
        .loops
        .start(&shell.lifecycle, "store-check", every, move || {
            let (db, last_stamp, ready, gauges) =
                (db.clone(), last_stamp.clone(), ready.clone(), gauges.clone());
            async move {
                match look(&db).await {
                    Ok(stamp) => {
                        ready.ok();
                        last_stamp.saw(&stamp);
                        gauges.show(Some(&stamp));
                        Ok(serde_json::json!(stamp))
                    }
                    Err(error) => {
                        ready.fail(describe(&error));
                        gauges.show(None);
                        Err(error)
                    }
                }
            }
        })
}

async fn look(db: &ConfigDb) -> Result<StoreStamp, StoreError> {
    db.check_schema().await?;
    db.check_history(None).await
}

fn describe(error: &StoreError) -> String {
    let hint = match error {
        StoreError::Schema(SchemaError::Missing | SchemaError::Older { .. }) => {
            " (run `modbotctl store migrate`)"
        }
        StoreError::Schema(SchemaError::Newer { .. }) => " (run a newer modbot-config)",
        _ => "",
    };
    format!("{}{hint}", Chain(error))
}

#[derive(Clone, Default)]
struct Gauges {
    reachable: Gauge,
    recovering: Gauge,
    revision: Gauge,
}

impl Gauges {
    fn new(shell: &Shell) -> Self {
        let gauges = Self::default();
        shell.metrics.register(|registry| {
            registry.register(
                "store_reachable",
                "1: the store answers and has our schema",
                gauges.reachable.clone(),
            );
            registry.register(
                "store_recovering",
                "1: the store lost history and waits for the pods",
                gauges.recovering.clone(),
            );
            registry.register(
                "store_revision",
                "The store's revision when last looked at",
                gauges.revision.clone(),
            );
        });
        gauges
    }

    fn show(&self, stamp: Option<&StoreStamp>) {
        self.reachable.set(i64::from(stamp.is_some()));
        if let Some(stamp) = stamp {
            self.recovering.set(i64::from(stamp.recovering));
            self.revision.set(stamp.position.revision.as_i64());
        }
    }
}
