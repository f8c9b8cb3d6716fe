//! Samples: the generator makes what it says, the same every time.

use modbot::domain::legacy::tables::OldTable;
use modbot::operations::legacy::progress::Silent;
use modbot::operations::legacy::sample::{self, Options, SampleError, Truth};
use modbot::store::legacy_db::LegacyDb;

/// A sample in a directory that goes away with it.
pub(crate) struct Sample {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) truth: Truth,
}

impl Sample {
    pub(crate) fn new(guilds: usize, rows: u64, seed: u64) -> Self {
        let directory = place();
        let options = Options { guilds, rows, seed };
        let truth = sample::make(&directory.path().join("old.sqlite3"), options, &Silent).unwrap();
        Self { directory, truth }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("old.sqlite3")
    }
}

use super::place;

#[test]
fn a_sample_has_exactly_the_rows_it_promises() {
    for (guilds, rows) in [(1, 400), (5, 500), (40, 5_000)] {
        let sample = Sample::new(guilds, rows, 1);
        let source = LegacyDb::open(&sample.path(), sample.directory.path()).unwrap();
        source.check_schema().unwrap();
        source.check_pages().unwrap();
        let mut counted = 0;
        for table in OldTable::ALL {
            let here = source.count(table.name()).unwrap();
            assert!(here > 0, "{table} is empty");
            counted += here;
        }
        assert_eq!((counted, sample.truth.rows()), (rows, rows));
    }
}

#[test]
fn the_seed_chooses_the_sample() {
    let bytes = |sample: &Sample| std::fs::read(sample.path()).unwrap();
    let (first, again, other) = (
        Sample::new(8, 800, 7),
        Sample::new(8, 800, 7),
        Sample::new(8, 800, 8),
    );
    assert_eq!(first.truth, again.truth);
    assert!(bytes(&first) == bytes(&again));
    assert!(bytes(&first) != bytes(&other));
}

#[test]
fn a_sample_that_cannot_be_is_refused_and_leaves_nothing() {
    let directory = place();
    let path = directory.path().join("old.sqlite3");
    let make = |guilds, rows| {
        sample::make(
            &path,
            Options {
                guilds,
                rows,
                seed: 1,
            },
            &Silent,
        )
    };
    assert!(matches!(make(0, 1_000), Err(SampleError::NoGuilds)));
    let Err(SampleError::TooFewRows { needed, .. }) = make(10, 5) else {
        panic!()
    };
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    make(10, needed).unwrap();
    assert!(matches!(make(10, needed), Err(SampleError::Staging(_))));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}
