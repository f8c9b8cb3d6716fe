//! The old single database: read without a trace, split, verified, joined.

mod documented;
mod faults;
mod joining;
mod loading;
mod property;
mod samples;
mod source;
mod splitting;
mod verifying;

/// A directory that goes away with its value: in memory where the machine has such a place, as what is tested here
/// is neither the disk's speed nor its caches.
pub(crate) fn place() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir()
        && let Ok(place) = tempfile::tempdir_in(memory)
    {
        return place;
    }
    tempfile::tempdir().unwrap()
}
