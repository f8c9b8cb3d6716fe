//! Whose the guild is, and its roles: who may not be punished.

use super::{Change, KnownRole};
use crate::domain::discord_event::{Event, Role, UserId};

pub(super) fn decide(event: &Event<'_>, changes: &mut Vec<Change<'_>>) {
    match event {
        Event::GuildCreate(guild) if !guild.unavailable => {
            all(guild.owner_id, &guild.roles, changes);
        }
        Event::GuildUpdate(guild) => all(guild.owner_id, &guild.roles, changes),
        Event::RoleChanged(news) => changes.push(Change::RoleIs(known(&news.role))),
        Event::RoleGone(gone) => changes.push(Change::RoleGone(gone.role_id)),
        _ => {}
    }
}

fn all(owner: Option<UserId>, roles: &[Role<'_>], changes: &mut Vec<Change<'_>>) {
    changes.extend(owner.map(Change::OwnerIs));
    // Every guild has the role of everyone: without any the list was left out.
    if !roles.is_empty() {
        changes.push(Change::RolesAre(roles.iter().map(known).collect()));
    }
}

fn known(role: &Role<'_>) -> KnownRole {
    KnownRole {
        role: role.id,
        name: role.name.to_string(),
        permissions: role.permission_bits(),
    }
}
