//! Bundles on their way, beside the pod's database: kept while their freeze lasts, gone with the next start.

use std::path::{Path, PathBuf};

use super::Moving;
use crate::domain::ids::{GuildId, MoveId};
use crate::runtime::files::{self, FileError};

/// The end of a bundle's name that was found to differ: kept for a look.
const DIFFERS: &str = "differs";

impl Moving {
    /// Where the bundle of a freeze lies at its source.
    pub(super) fn frozen_bundle(&self, guild: GuildId, move_id: MoveId, freeze_no: u64) -> PathBuf {
        self.dir.join(format!("{guild}.{move_id}.{freeze_no}.frozen"))
    }

    /// Where a bundle lies at its target.
    pub(super) fn fetched_bundle(&self, guild: GuildId, move_id: MoveId, freeze_no: u64) -> PathBuf {
        self.dir.join(format!("{guild}.{move_id}.{freeze_no}.fetched"))
    }

    /// Makes the directory. Blocking, as all of these.
    pub(super) fn make_dir(&self) -> Result<(), FileError> {
        files::create_dir_all(&self.dir)
    }

    /// Removes the bundles of a guild.
    pub(super) fn remove_bundles(&self, guild: GuildId) {
        let prefix = format!("{guild}.");
        self.remove(|name| name.starts_with(&prefix));
    }

    /// Removes what a former life of the pod left on the way.
    pub(super) fn clear(&self) {
        self.remove(|_| true);
    }

    /// Puts a bundle that differs where it stays for a look, in place of an earlier one of the guild; where that is.
    pub(super) fn keep_for_a_look(&self, guild: GuildId, bundle: &Path) -> PathBuf {
        let kept = self.dir.join(format!("{guild}.{DIFFERS}"));
        match files::rename(bundle, &kept) {
            Ok(()) => kept,
            Err(_) => bundle.to_owned(),
        }
    }

    fn remove(&self, which: impl Fn(&str) -> bool) {
        // Mostly there is no such directory.
        let Ok(entries) = std::fs::read_dir(&self.dir) else {
            return;
        };
        for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if which(&name)
                && !name.ends_with(DIFFERS)
                && let Err(error) = files::remove_file(&path)
            {
                tracing::warn!(error = %error, "a bundle that nobody needs could not be removed");
            }
        }
    }
}
