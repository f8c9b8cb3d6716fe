//! The levels of the crate: a module imports from the levels below its own, never sideways or up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Levels from the bottom; modules of one entry stand side by side and may not know each other.
const LEVELS: &[&[&str]] = &[
    &["domain"],
    &["runtime"],
    &["store", "client", "simulator"],
    &["operations", "moderation"],
    &["config_service", "gateway_service", "http_service", "local"],
    &["ctl"],
];

fn level_of(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.contains(&module))
}

fn rust_files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// The top-level modules that `source` names through `crate::`, each with its line, tests and docs included.
fn imports(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate() {
        for (at, _) in line.match_indices("crate::") {
            let rest = &line[at + "crate::".len()..];
            let names = match rest.strip_prefix('{') {
                Some(group) => group.split(',').map(|part| part.trim().to_owned()).collect(),
                None => vec![rest.to_owned()],
            };
            for name in names {
                let module: String = name
                    .chars()
                    .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                    .collect();
                found.push((number + 1, module));
            }
        }
    }
    found
}

/// Every import that does not go down, as `file:line module -> module`.
fn violations(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, source) in files {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        let Some(own) = level_of(module) else { continue };
        for (line, target) in imports(source) {
            let goes_down = target == module || level_of(&target).is_none_or(|level| level < own);
            if !goes_down {
                wrong.push(format!("{path}:{line} {module} -> {target}"));
            }
        }
    }
    wrong
}

#[test]
fn imports_go_down_the_levels_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    let files: BTreeMap<String, String> = paths
        .iter()
        .map(|p| {
            (
                p.strip_prefix(&root).unwrap().display().to_string(),
                std::fs::read_to_string(p).unwrap(),
            )
        })
        .collect();
    assert_eq!(violations(&files), Vec::<String>::new());
    for path in files.keys().filter(|p| p.contains('/') && !p.starts_with("bin/")) {
        let module = path.split('/').next().unwrap();
        assert!(
            level_of(module).is_some(),
            "{module} has no level: give it one in tests/levels.rs"
        );
    }
}

#[test]
fn an_upward_or_sideways_import_is_found() {
    let files = BTreeMap::from([
        (
            "domain/ids.rs".to_owned(),
            "use crate::runtime::clock;".to_owned(),
        ),
        (
            "store/shard_db.rs".to_owned(),
            "\nuse crate::client::pod_api;".to_owned(),
        ),
        (
            "ctl/guild.rs".to_owned(),
            "use crate::{domain, operations};".to_owned(),
        ),
        (
            "operations/a.rs".to_owned(),
            "use crate::{domain, ctl::Printer};".to_owned(),
        ),
    ]);
    assert_eq!(
        violations(&files),
        [
            "domain/ids.rs:1 domain -> runtime",
            "operations/a.rs:1 operations -> ctl",
            "store/shard_db.rs:2 store -> client"
        ]
    );
}

#[test]
fn the_domain_knows_no_io_no_clock_and_no_random() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain");
    let mut paths = Vec::new();
    rust_files(&root, &mut paths);
    let banned = [
        "tokio::",
        "std::fs",
        "std::net",
        "std::env",
        "SystemTime",
        "Instant::now",
        "rand::",
        "sqlx::",
        "rusqlite::",
    ];
    for path in paths {
        let source = std::fs::read_to_string(&path).unwrap();
        let hit = banned.iter().find(|word| source.contains(**word));
        assert_eq!(hit, None, "{} is not pure", path.display());
    }
}
