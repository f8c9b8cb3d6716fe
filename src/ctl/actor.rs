//! In whose name changes are made.

use std::path::Path;

use crate::runtime::files;
use crate::runtime::settings::{Environment, Source};

/// The person behind this process: whoever called sudo, else the owner of the process, by name.
pub(super) fn of_this_process() -> String {
    let uid = rustix::process::getuid();
    let by_sudo = Environment
        .get("SUDO_USER")
        .filter(|name| uid.is_root() && !name.is_empty());
    if let Some(name) = by_sudo {
        return name.to_string_lossy().into_owned();
    }
    let passwd = files::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    // In a container the user often has a number only.
    name_of(&passwd, uid.as_raw()).unwrap_or_else(|| format!("uid-{}", uid.as_raw()))
}

fn name_of(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_name_of_a_user_id() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        assert_eq!(name_of(passwd, 1000).as_deref(), Some("alice"));
        assert_eq!(name_of(passwd, 7), None);
    }
}
