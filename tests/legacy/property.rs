//! Any sample survives the way in and back.

use modbot::domain::ids::GuildId;

use super::joining::{came_back, join_split};
use super::samples::Sample;
use super::splitting::split;
use super::verifying::check;

#[test]
fn a_hundred_samples_survive_the_way_in_and_back() {
    let home = tempfile::tempdir().unwrap();
    let (out, joined) = (home.path().join("out"), home.path().join("joined.sqlite3"));
    for seed in 0..104 {
        let guilds = 1 + usize::try_from(seed % 9).unwrap();
        let sample = Sample::new(guilds, 260 + seed, 1_000 + seed);
        let pods = 1 + u32::try_from(seed % 7).unwrap();
        let manifest = split(&sample.path(), pods, &out);
        let truth: Vec<(GuildId, u64)> = sample
            .truth
            .per_guild
            .iter()
            .map(|(guild, tables)| (*guild, tables.values().sum()))
            .collect();
        let split: Vec<(GuildId, u64)> = manifest
            .guilds
            .iter()
            .map(|facts| (facts.guild, facts.rows))
            .collect();
        assert_eq!(split, truth, "seed {seed}");
        let report = check(&sample.path(), &out);
        assert!(report.is_whole(), "seed {seed}: {:?}", report.findings);
        assert!(join_split(&out, &joined).is_whole(), "seed {seed}");
        came_back(&sample.path(), &out.join("quarantine.sqlite3"), &joined);
        std::fs::remove_dir_all(&out).unwrap();
        std::fs::remove_file(&joined).unwrap();
    }
}
