//! How much memory an export and an import need, each in a process of its own.

use std::path::Path;
use std::process::Command;

use modbot::store::shard_db::bundle::{ExportSource, Pace, export, import};

use crate::data::{self, Place, guild, open};
use crate::moving::remove;

/// The child's part: `export SHARD BUNDLE`, `import SHARD BUNDLE` or `chunks SHARD BUNDLE`; prints its peak in KiB.
pub(crate) fn child(args: &[String]) {
    let (shard, bundle) = (Path::new(&args[1]), Path::new(&args[2]));
    match args[0].as_str() {
        "export" => drop(
            export(
                ExportSource {
                    shard,
                    guild: guild(1),
                    now: 0,
                },
                bundle,
                &mut |_| {},
            )
            .unwrap(),
        ),
        "import" => drop(import(&open(shard), bundle, None, Pace::AtOnce, &mut |_| {}).unwrap()),
        _ => drop(import(&open(shard), bundle, None, Pace::Chunks(2_000), &mut |_| {}).unwrap()),
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    println!("{}", peak.trim().trim_end_matches(" kB"));
}

/// Peaks for a guild of so many rows.
pub(crate) fn peak(place: &Place, rows: i64) {
    let (shard, bundle) = (place.path("large"), place.path("large.bundle"));
    data::shard(&shard, rows);
    for what in ["export", "import", "chunks"] {
        let target = place.path("target");
        if what != "export" {
            modbot::store::shard_db::create(&target, &modbot::runtime::clock::SystemClock).unwrap();
        }
        let on = if what == "export" { &shard } else { &target };
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["child", what])
            .args([on, &bundle])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let kib: u64 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let met = if kib < 100 * 1024 { "met" } else { "MISSED" };
        println!(
            "peak memory, {what} of {rows} rows: {} MiB  (aim: below 100, {met})",
            kib / 1024
        );
        remove(&target);
    }
    remove(&shard);
    std::fs::remove_file(&bundle).unwrap();
}
