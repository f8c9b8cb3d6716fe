//! Frames that Discord really sent: each is read, or named here as one that modbot does nothing with.

use std::path::{Path, PathBuf};

use modbot::domain::discord_event::{Envelope, Event, guild_of};

/// Events in the captures that modbot does nothing with.
const UNSUPPORTED: &[&str] = &[
    "GUILD_MEMBER_UPDATE",
    "INTERACTION_CREATE",
    "VOICE_CHANNEL_START_TIME_UPDATE",
    "VOICE_CHANNEL_STATUS_UPDATE",
    "VOICE_STATE_UPDATE",
];

fn captures() -> Option<Vec<PathBuf>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/discord/captures");
    let found: Vec<PathBuf> = std::fs::read_dir(dir)
        .ok()?
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("gateway_")
        })
        .collect();
    Some(found)
}

#[test]
fn every_captured_frame_is_read_or_named_as_unsupported() {
    let Some(files) = captures() else {
        eprintln!("skipped: no captures beside the project");
        return;
    };
    let mut read = 0;
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let frames: Vec<Box<serde_json::value::RawValue>> = serde_json::from_str(&text).unwrap();
        for frame in frames {
            let envelope = Envelope::parse(frame.get()).unwrap();
            if let Some((name, _)) = envelope.dispatch() {
                let fits = guild_of(name, envelope.data()).and_then(|_| Event::parse(name, envelope.data()));
                let known = fits
                    .unwrap_or_else(|error| panic!("{}: {error:?}", path.display()))
                    .is_some();
                assert_eq!(
                    known,
                    !UNSUPPORTED.contains(&name),
                    "{name} in {}",
                    path.display()
                );
                read += usize::from(known);
            }
        }
    }
    assert!(read > 5, "only {read} frames were read");
}
