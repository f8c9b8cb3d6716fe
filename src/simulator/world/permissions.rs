//! Who may do what: permission bits, overwrites, the order of roles.
//! Source: Discord developer documentation, "Permissions".

use super::World;
use super::channel::{Channel, Overwrite};
use super::guild::{Guild, Member};
use crate::simulator::snowflake::Snowflake;

/// Kick members.
pub(in crate::simulator) const KICK_MEMBERS: u64 = 1 << 1;
/// Ban members.
pub(in crate::simulator) const BAN_MEMBERS: u64 = 1 << 2;
/// Everything.
pub(in crate::simulator) const ADMINISTRATOR: u64 = 1 << 3;
/// Make, change and delete channels.
pub(in crate::simulator) const MANAGE_CHANNELS: u64 = 1 << 4;
/// Add reactions.
pub(in crate::simulator) const ADD_REACTIONS: u64 = 1 << 6;
/// Read the audit log.
pub(in crate::simulator) const VIEW_AUDIT_LOG: u64 = 1 << 7;
/// See a channel.
pub(in crate::simulator) const VIEW_CHANNEL: u64 = 1 << 10;
/// Write messages.
pub(in crate::simulator) const SEND_MESSAGES: u64 = 1 << 11;
/// Delete others' messages.
pub(in crate::simulator) const MANAGE_MESSAGES: u64 = 1 << 13;
/// Embed links.
pub(in crate::simulator) const EMBED_LINKS: u64 = 1 << 14;
/// Read older messages.
pub(in crate::simulator) const READ_MESSAGE_HISTORY: u64 = 1 << 16;
/// Ping everyone.
pub(in crate::simulator) const MENTION_EVERYONE: u64 = 1 << 17;
/// Change own nickname.
pub(in crate::simulator) const CHANGE_NICKNAME: u64 = 1 << 26;
/// Change others' nicknames.
pub(in crate::simulator) const MANAGE_NICKNAMES: u64 = 1 << 27;
/// Give and take roles.
pub(in crate::simulator) const MANAGE_ROLES: u64 = 1 << 28;
/// Change and delete threads.
pub(in crate::simulator) const MANAGE_THREADS: u64 = 1 << 34;
/// Make public threads.
pub(in crate::simulator) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
/// Make private threads.
pub(in crate::simulator) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
/// Write in threads.
pub(in crate::simulator) const SEND_MESSAGES_IN_THREADS: u64 = 1 << 38;
/// Time members out.
pub(in crate::simulator) const MODERATE_MEMBERS: u64 = 1 << 40;

/// What everyone may do in a generated guild.
pub(in crate::simulator) const EVERYONE: u64 = ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | READ_MESSAGE_HISTORY
    | CHANGE_NICKNAME
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS;

/// What moderators, and the bot, may do beside.
pub(in crate::simulator) const MODERATOR: u64 = EVERYONE
    | KICK_MEMBERS
    | BAN_MEMBERS
    | MANAGE_CHANNELS
    | VIEW_AUDIT_LOG
    | MANAGE_MESSAGES
    | MENTION_EVERYONE
    | MANAGE_NICKNAMES
    | MANAGE_ROLES
    | MANAGE_THREADS
    | CREATE_PRIVATE_THREADS
    | MODERATE_MEMBERS;

/// A guild member's permissions, in `channel` where one is given. An owner and administrators have all;
/// a timed-out member sees and reads only.
pub(in crate::simulator) fn of(
    guild: &Guild,
    user: Snowflake,
    channel: Option<&Channel>,
    now_ms: u64,
) -> u64 {
    let Some(member) = guild.members.get(&user) else {
        return 0;
    };
    if guild.owner == user {
        return u64::MAX;
    }
    let base = guild.roles.get(&guild.id).map_or(0, |role| role.permissions);
    let base = member
        .roles
        .iter()
        .filter_map(|role| guild.roles.get(role))
        .fold(base, |bits, role| bits | role.permissions);
    if base & ADMINISTRATOR != 0 {
        return u64::MAX;
    }
    // A thread has no overwrites of its own: those of the channel it hangs in count.
    let overwrites = channel
        .map(|channel| match (&channel.thread, channel.parent) {
            (Some(_), Some(parent)) => guild.channels.get(&parent).unwrap_or(channel),
            _ => channel,
        })
        .map_or(&[][..], |channel| &channel.overwrites);
    let bits = with_overwrites(base, overwrites, guild, member, user);
    if member.timeout_until_ms.is_some_and(|until| until > now_ms) {
        bits & (VIEW_CHANNEL | READ_MESSAGE_HISTORY)
    } else {
        bits
    }
}

/// `base` after a channel's overwrites: for everyone, then for the member's roles together, then for the member.
fn with_overwrites(
    base: u64,
    overwrites: &[Overwrite],
    guild: &Guild,
    member: &Member,
    user: Snowflake,
) -> u64 {
    let apply = |bits: u64, chosen: &mut dyn Iterator<Item = &Overwrite>| {
        let (allow, deny) = chosen.fold((0, 0), |(allow, deny), one| (allow | one.allow, deny | one.deny));
        (bits & !deny) | allow
    };
    let bits = apply(base, &mut overwrites.iter().filter(|one| one.id == guild.id));
    let bits = apply(
        bits,
        &mut overwrites.iter().filter(|one| member.roles.contains(&one.id)),
    );
    apply(bits, &mut overwrites.iter().filter(|one| one.id == user))
}

/// The position of a member's highest role; the owner stands above all.
pub(in crate::simulator) fn rank(guild: &Guild, user: Snowflake) -> u32 {
    if guild.owner == user {
        return u32::MAX;
    }
    let roles = guild.members.get(&user).map_or(&[][..], |member| &member.roles);
    roles
        .iter()
        .filter_map(|role| guild.roles.get(role))
        .map(|role| role.position)
        .max()
        .unwrap_or(0)
}

impl World {
    /// The bot's permissions in `guild`, in `channel` where one is given.
    pub(in crate::simulator) fn bot_permissions(
        &self,
        guild: &Guild,
        channel: Option<&Channel>,
        now_ms: u64,
    ) -> u64 {
        of(guild, self.bot, channel, now_ms)
    }
}
