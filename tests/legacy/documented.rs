//! `docs/legacy.md` names everything that the programs say, and its commands are commands.

use modbot::domain::legacy::{Refusal, Tally};
use modbot::operations::legacy::inspect::NoteKind;
use modbot::operations::legacy::join::REASONS;

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/legacy.md")).unwrap()
}

#[test]
fn every_name_in_the_output_has_its_line() {
    let page = page();
    let mut rows: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(name, _)| name)
        .collect();
    let mut names = Vec::new();
    names.extend(Tally::names());
    names.extend(Refusal::NAMES);
    names.extend(NoteKind::ALL.map(NoteKind::name));
    names.extend(REASONS);
    rows.sort_unstable();
    names.sort_unstable();
    assert_eq!(rows, names);
}

#[test]
fn every_command_is_one() {
    let page = page();
    let commands: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("modbotctl "))
        .collect();
    assert!(commands.len() >= 8, "{commands:?}");
    for command in commands {
        let parsed = modbot::ctl::command().try_get_matches_from(command.split(' '));
        assert!(parsed.is_ok(), "{command}: {}", parsed.unwrap_err());
    }
}
