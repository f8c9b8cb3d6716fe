//! Whose messages are not looked at.

use crate::domain::discord_event::{Member, RoleId};
use crate::moderation::KnownAuthor;

/// Roles whose name alone is enough, in lower case.
const NAMES: [&str; 4] = ["mvp", "moderator", "admin", "admins"];
/// Discord's bit for those who may do everything.
const ADMINISTRATOR: i64 = 1 << 3;

/// Whether the author is trusted: the owner, an administrator, a moderator, or somebody with a role of such a name.
pub(super) fn is_exempt(author: &KnownAuthor, member: Option<&Member>, moderator: Option<RoleId>) -> bool {
    let has = |role: RoleId| member.is_some_and(|member| member.roles.contains(&role));
    author.owner
        || moderator.is_some_and(has)
        || author.roles.iter().any(|role| {
            role.permissions & ADMINISTRATOR != 0 || NAMES.contains(&role.name.to_lowercase().as_str())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moderation::KnownRole;

    #[test]
    fn owners_administrators_moderators_and_trusted_names_are_exempt() {
        let role = |id| RoleId::from_i64(id).unwrap();
        let with = |name: &str, permissions| KnownAuthor {
            roles: vec![KnownRole {
                role: role(5),
                name: name.to_owned(),
                permissions,
            }],
            ..KnownAuthor::default()
        };
        let member = Member {
            roles: vec![role(5)],
            joined_at: None,
        };
        let owner = KnownAuthor {
            owner: true,
            ..KnownAuthor::default()
        };
        for (author, moderator, expected) in [
            (with("member", 0), None, false),
            (with("member", 0), Some(6), false),
            (with("member", 0), Some(5), true),
            (with("MVP", 0), None, true),
            (with("Admins", 0), None, true),
            (with("not an admin", 0), None, false),
            (with("x", 1 << 3), None, true),
            (with("x", 1 << 13), None, false),
            (owner, None, true),
        ] {
            let found = is_exempt(&author, Some(&member), moderator.map(role));
            assert_eq!(found, expected, "{author:?} {moderator:?}");
        }
    }
}
