//! C libraries that stand between a program and the system, by `LD_PRELOAD`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands before fsync: see the file.
pub(crate) const SYNC: &str = "tests/shard_db/sync_shim.c";

/// The shim of `source` (from the project's root) compiled to a file in `dir`, or the reason why not on stderr.
pub(crate) fn compiled(source: &str, dir: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let to = dir.join(source.with_extension("so").file_name().unwrap());
    let made = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&to)
        .arg(&source)
        .arg("-ldl")
        .status();
    if made.is_ok_and(|status| status.success()) {
        return Some(to);
    }
    eprintln!(
        "skipped: there is no C compiler (cc) to build {} with",
        source.display()
    );
    None
}
