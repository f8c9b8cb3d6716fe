//! Any sample survives the way in, from pod to pod, and back.

use std::path::Path;
use std::sync::Arc;

use modbot::domain::ids::GuildId;
use modbot::operations::legacy::manifest::Manifest;
use modbot::runtime::clock::SystemClock;
use modbot::store::shard_db::bundle::{self, ExportSource, Pace};
use modbot::store::shard_db::{Settings, ShardDb};

use super::joining::{came_back, join_split};
use super::place;
use super::samples::Sample;
use super::splitting::split;
use super::verifying::check;

#[test]
fn a_hundred_samples_survive_the_way_in_and_back() {
    let home = place();
    let (out, joined) = (home.path().join("out"), home.path().join("joined.sqlite3"));
    for seed in 0..104 {
        let guilds = 1 + usize::try_from(seed % 6).unwrap();
        let sample = Sample::new(guilds, 240 + seed, 1_000 + seed);
        let pods = 1 + u32::try_from(seed % 4).unwrap();
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
        move_every_guild(&out, &manifest);
        assert!(join_split(&out, &joined).is_whole(), "seed {seed}");
        came_back(&sample.path(), &out.join("quarantine.sqlite3"), &joined);
        std::fs::remove_dir_all(&out).unwrap();
        std::fs::remove_file(&joined).unwrap();
    }
}

/// Carries every guild to the next pod's file as a bundle; where there is one pod, none.
fn move_every_guild(out: &Path, manifest: &Manifest) {
    let file = |pod: usize| out.join(&manifest.pods[pod % manifest.pods.len()].file);
    if manifest.pods.len() < 2 {
        return;
    }
    let bundle_of = |guild: GuildId| out.join(format!("{guild}.bundle"));
    for (at, pod) in manifest.pods.iter().enumerate() {
        for facts in manifest.guilds.iter().filter(|facts| facts.pod == pod.pod) {
            let source = ExportSource {
                shard: &file(at),
                guild: facts.guild,
                now: 0,
            };
            let header = bundle::export(source, &bundle_of(facts.guild), &mut |_| {}).unwrap();
            assert_eq!(
                header.tables.total(),
                facts.digest,
                "the manifest's digest is the bundle's"
            );
        }
    }
    for (at, pod) in manifest.pods.iter().enumerate() {
        let db = ShardDb::open(&file(at + 1), Settings::default(), Arc::new(SystemClock)).unwrap();
        for facts in manifest.guilds.iter().filter(|facts| facts.pod == pod.pod) {
            let bundle = bundle_of(facts.guild);
            // Fails where the rows that arrive are not those of the bundle's digest.
            bundle::import(&db, &bundle, None, Pace::AtOnce, &mut |_| {}).unwrap();
            std::fs::remove_file(&bundle).unwrap();
        }
    }
}
