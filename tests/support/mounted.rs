//! A small file system of a test's own, where this process may make one.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A tmpfs; unmounted when dropped.
pub(crate) struct Mounted(PathBuf);

impl Mounted {
    /// Mounts one of `size` at `at`, which is made; none, said on stderr, where that is not allowed.
    pub(crate) fn new(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir(at).unwrap();
        let made = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], at);
        if !made {
            eprintln!("skipped: a tmpfs can be mounted by root only");
        }
        made.then(|| Self(at.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Changes an option.
    pub(crate) fn remount(&self, option: &str) {
        assert!(mount(&["-o", &format!("remount,{option}")], &self.0));
    }

    /// Writes a file until nothing fits any more; where it is.
    pub(crate) fn fill(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        for size in [65_536, 4096, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        path
    }
}

fn mount(args: &[&str], at: &Path) -> bool {
    Command::new("mount")
        .args(args)
        .arg(at)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
