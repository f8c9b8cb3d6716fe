//! The rival: a C loop over the very SQLite that is linked into us.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds, and seconds of CPU, that the C loop took for `count` messages in transactions of `batch`.
pub(crate) fn run(program: &Path, file: &Path, count: u64, batch: u64) -> (f64, f64) {
    let output = Command::new(program)
        .arg(file)
        .args([count.to_string(), batch.to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let (wall, cpu) = text.trim().split_once(' ').unwrap();
    (wall.parse().unwrap(), cpu.parse().unwrap())
}

/// The C loop, compiled against the SQLite source that our own build compiled; none where there is no compiler.
pub(crate) fn c_loop(to: PathBuf) -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"),
        PathBuf::from,
    );
    let crates = std::fs::read_dir(home.join("registry/src")).ok()?.flatten();
    let source = crates
        .map(|registry| registry.path().join("libsqlite3-sys-0.37.0/sqlite3"))
        .find(|dir| dir.join("sqlite3.c").exists())?;
    let status = Command::new("cc")
        .args([
            "-O3",
            "-w",
            "-DSQLITE_THREADSAFE=1",
            "-DSQLITE_DEFAULT_MEMSTATUS=0",
            "-DSQLITE_ENABLE_STAT4",
            "-DSQLITE_ENABLE_API_ARMOR",
        ])
        .arg("-I")
        .arg(&source)
        .arg(source.join("sqlite3.c"))
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/benches/gateway/message_create.c"
        ))
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&to)
        .status();
    status.is_ok_and(|status| status.success()).then_some(to)
}
