//! Which imports are allowed.

use super::*;
use crate::domain::digest::TableDigests;
use crate::domain::fence::{Fence, FenceMode, FenceState, Position, Progress};
use crate::domain::ids::{Epoch, GuildId, MoveId, Revision, SessionNo};

fn header(epoch: u64) -> BundleHeader {
    BundleHeader {
        kind: BundleKind::Full,
        schema: SchemaVersion::new(2),
        guild_id: GuildId::new(1).unwrap(),
        epoch: Epoch::new(epoch),
        progress: Progress {
            shard_id: 3,
            position: Position {
                session_no: SessionNo::new(1),
                seq: 9,
            },
            writes: 4,
            cross_rev: Revision::new(2),
        },
        source: "shard".into(),
        exported_at: 5,
        program: "modbot 0".into(),
        tables: TableDigests::default(),
        guild_digest: Some(TableDigests::default().total()),
    }
}

fn fence(mode: FenceMode, epoch: u64, move_id: Option<u128>) -> Fence {
    Fence {
        guild_id: GuildId::new(1).unwrap(),
        state: FenceState {
            epoch: Epoch::new(epoch),
            mode,
            move_id: move_id.map(|id| MoveId::new(uuid::Uuid::from_u128(id))),
            freeze_no: 2,
            digest: header(0).guild_digest,
        },
        progress: header(0).progress,
    }
}

fn plan(
    header: &BundleHeader,
    fence: Option<&Fence>,
    epoch: Option<u64>,
) -> Result<ImportPlan, ImportRefusal> {
    let target = ImportTarget { fence, begun: None };
    plan_import(header, target, epoch.map(Epoch::new))
}

fn begin(epoch: u64, freeze_no: u64) -> ImportPlan {
    ImportPlan::Begin {
        epoch: Epoch::new(epoch),
        freeze_no,
    }
}

#[test]
fn a_guild_that_was_never_here_gets_the_next_epoch_or_a_higher_one() {
    assert_eq!(plan(&header(5), None, None), Ok(begin(6, 0)));
    assert_eq!(plan(&header(5), None, Some(9)), Ok(begin(9, 0)));
    let taken = ImportRefusal::EpochTaken {
        asked: Epoch::new(5),
        newest: Epoch::new(5),
    };
    assert_eq!(plan(&header(5), None, Some(5)), Err(taken));
}

#[test]
fn schemas_from_the_previous_one_on_are_read() {
    let mut bundle = header(5);
    let mut read = |schema| {
        bundle.schema = SchemaVersion::new(schema);
        check_readable(&bundle, SchemaVersion::new(2))
    };
    assert_eq!(read(2), Ok(()));
    assert_eq!(read(1), Ok(()));
    assert!(matches!(read(0), Err(ImportRefusal::OlderSchema { .. })));
    assert!(matches!(read(3), Err(ImportRefusal::NewerSchema { .. })));
    let mut delta = header(5);
    delta.kind = BundleKind::Delta { since: 0, round: 1 };
    assert_eq!(
        check_readable(&delta, SchemaVersion::new(2)),
        Err(ImportRefusal::OnlyChanges)
    );
}

#[test]
fn older_rows_do_not_replace_newer_ones_unless_an_epoch_is_named() {
    let gone = fence(FenceMode::Tombstone, 9, None);
    let refusal = ImportRefusal::NewerElsewhere {
        bundle: Epoch::new(5),
        fence: Epoch::new(9),
    };
    assert_eq!(plan(&header(5), Some(&gone), None), Err(refusal));
    assert_eq!(plan(&header(5), Some(&gone), Some(10)), Ok(begin(10, 0)));
    assert!(matches!(
        plan(&header(5), Some(&gone), Some(9)),
        Err(ImportRefusal::EpochTaken { .. })
    ));
    assert_eq!(plan(&header(9), Some(&gone), None), Ok(begin(10, 0)));
}

#[test]
fn an_import_that_was_given_up_can_be_begun_again() {
    let given_up = fence(FenceMode::Tombstone, 6, Some(1));
    assert_eq!(plan(&header(5), Some(&given_up), None), Ok(begin(6, 3)));
}

#[test]
fn the_same_import_is_resumed_and_another_one_is_not_disturbed() {
    let importing = fence(FenceMode::Importing, 6, Some(1));
    let header = header(5);
    let target = ImportTarget {
        fence: Some(&importing),
        begun: Some(header.seal()),
    };
    let resumed = ImportPlan::Resume {
        epoch: Epoch::new(6),
        freeze_no: 2,
    };
    assert_eq!(plan_import(&header, target, None), Ok(resumed));
    assert!(matches!(
        plan(&header, Some(&importing), None),
        Err(ImportRefusal::OtherImport { .. })
    ));
}

#[test]
fn a_served_guild_is_left_alone() {
    let serving = fence(FenceMode::Serving, 6, Some(1));
    assert_eq!(
        plan(&header(5), Some(&serving), None),
        Ok(ImportPlan::AlreadyThere { epoch: Epoch::new(6) })
    );
    let mut written = serving.clone();
    written.progress.writes += 1;
    assert!(matches!(
        plan(&header(5), Some(&written), None),
        Err(ImportRefusal::LivesHere { .. })
    ));
    let frozen = fence(FenceMode::Frozen, 6, Some(1));
    assert!(matches!(
        plan(&header(5), Some(&frozen), None),
        Err(ImportRefusal::LivesHere { .. })
    ));
}

#[test]
fn every_field_of_the_header_is_under_the_seal() {
    type Change = fn(&mut BundleHeader);
    let changes: [Change; 13] = [
        |h| h.kind = BundleKind::Delta { since: 1, round: 1 },
        |h| h.kind = BundleKind::Delta { since: 0, round: 1 },
        |h| h.schema = SchemaVersion::new(1),
        |h| h.guild_id = GuildId::new(2).unwrap(),
        |h| h.epoch = Epoch::new(6),
        |h| h.progress.shard_id = 4,
        |h| h.progress.position.session_no = SessionNo::new(2),
        |h| h.progress.position.seq = 10,
        |h| h.progress.writes = 5,
        |h| h.source.push('x'),
        |h| h.program.push('x'),
        |h| h.exported_at = 6,
        |h| h.guild_digest = None,
    ];
    let mut seals = vec![header(5).seal()];
    for change in changes {
        let mut other = header(5);
        change(&mut other);
        assert!(!seals.contains(&other.seal()), "{other:?}");
        seals.push(other.seal());
    }
}
