//! What any replica does by itself. Every loop is idempotent, and each replica runs all of them.

use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::service::LastStamp;
use super::settings::ConfigSettings;
use crate::operations::guild_move::{MoveError, Mover};
use crate::runtime::background::Poke;
use crate::runtime::daemon::Shell;
use crate::store::config_db::{By, ConfigDb, StoreError};

const TRIM_INTERVAL: Duration = Duration::from_mins(1);
const FORGET_INTERVAL: Duration = Duration::from_mins(10);

/// Starts them; answers how to hurry the deal.
pub(super) fn start(
    shell: &Shell,
    db: &ConfigDb,
    mover: &Mover,
    last_stamp: &LastStamp,
    settings: &ConfigSettings,
) -> Poke {
    finish_recovery(shell, db, last_stamp, settings);
    trim_changes(shell, db, settings.watch_keep);
    forget_flags(shell, db, settings.cross_guild_window);
    moves(shell, mover, settings);
    deal(shell, db, last_stamp, settings)
}

/// Gives Discord shards without a host, or without a session yet, to pods.
fn deal(shell: &Shell, db: &ConfigDb, last_stamp: &LastStamp, settings: &ConfigSettings) -> Poke {
    let (db, last_stamp, hold) = (db.clone(), last_stamp.clone(), settings.session_hold);
    shell.loops.start(
        &shell.lifecycle,
        "deal-discord-shards",
        settings.deal_interval,
        move || {
            let (db, recovering) = (db.clone(), recovers(&last_stamp));
            async move {
                if recovering {
                    return Ok(json!({ "skipped": "the store recovers" }));
                }
                let dealt = db.deal_discord_shards(hold, &By::daemon("modbot-config")).await?;
                if !dealt.value.is_empty() {
                    tracing::info!(discord_shards = dealt.value.len(), "dealt Discord shards to pods");
                }
                Ok::<_, StoreError>(json!({ "dealt": dealt.value.len() }))
            }
        },
    )
}

/// Goes on with moves that nobody drives, and deletes what is left when they are over.
fn moves(shell: &Shell, mover: &Mover, settings: &ConfigSettings) {
    let (own, at_once) = (mover.clone(), settings.moves_at_once as usize);
    shell.loops.start(
        &shell.lifecycle,
        "drive-moves",
        settings.move_interval,
        move || {
            let mover = own.clone();
            async move {
                let taken = mover.take_up(at_once, &CancellationToken::new()).await?;
                Ok::<_, MoveError>(json!({ "driven": taken }))
            }
        },
    );
    let (own, again) = (mover.clone(), settings.move_keep.max(settings.move_interval));
    shell.loops.start(
        &shell.lifecycle,
        "clean-up-moves",
        settings.move_interval,
        move || {
            let mover = own.clone();
            async move {
                let cleaned = mover.clean_up(again, &CancellationToken::new()).await?;
                Ok::<_, MoveError>(json!({ "done": cleaned.done, "left": cleaned.left }))
            }
        },
    );
}

/// Ends a recovery once everybody has reported.
fn finish_recovery(shell: &Shell, db: &ConfigDb, last_stamp: &LastStamp, settings: &ConfigSettings) {
    let (db, last_stamp, ttl) = (db.clone(), last_stamp.clone(), settings.lease_ttl);
    shell.loops.start(
        &shell.lifecycle,
        "finish-recovery",
        settings.store_check_interval,
        move || {
            let (db, last_stamp, recovering) = (db.clone(), last_stamp.clone(), recovers(&last_stamp));
            async move {
                if !recovering {
                    return Ok(json!({ "recovering": false }));
                }
                let finished = db.try_finish_recovery(ttl, &By::daemon("modbot-config")).await?;
                last_stamp.saw(&finished.stamp);
                Ok::<_, StoreError>(json!({ "recovering": !finished.value }))
            }
        },
    );
}

/// Forgets changes that no watcher will come back for.
fn trim_changes(shell: &Shell, db: &ConfigDb, keep: u32) {
    let db = db.clone();
    shell
        .loops
        .start(&shell.lifecycle, "trim-changes", TRIM_INTERVAL, move || {
            let db = db.clone();
            async move { Ok::<_, StoreError>(json!({ "trimmed": db.trim_changes(keep).await? })) }
        });
}

/// Forgets flags that can no longer make an event.
fn forget_flags(shell: &Shell, db: &ConfigDb, window: Duration) {
    let db = db.clone();
    shell
        .loops
        .start(&shell.lifecycle, "forget-flags", FORGET_INTERVAL, move || {
            let db = db.clone();
            async move { Ok::<_, StoreError>(json!({ "forgotten": db.forget_flags(window).await? })) }
        });
}

fn recovers(last_stamp: &LastStamp) -> bool {
    last_stamp.get().is_some_and(|stamp| stamp.recovering)
}
