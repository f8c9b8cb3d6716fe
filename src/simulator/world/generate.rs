//! Worlds made from a seed: guilds of skewed sizes with channels, roles and members.

use fastrand::Rng;

use super::channel::{CATEGORY, Channel, TEXT, VOICE};
use super::guild::{Guild, Member, Role};
use super::permissions::{EVERYONE, MODERATOR};
use super::{User, World};
use crate::simulator::settings::WorldSettings;
use crate::simulator::snowflake::Snowflake;

/// 2024-01-01: what generated ids count from, so that a seed gives the same ids on every day.
const BIRTH_MS: u64 = 1_704_067_200_000;
const DAY_MS: u64 = 86_400_000;

/// The world of `settings`: the same for the same values.
pub(in crate::simulator) fn world(settings: &WorldSettings) -> World {
    let mut rng = Rng::with_seed(settings.seed);
    let mut world = World::default();
    world.bot = new_user(&mut world, &mut rng, "modbot", true);
    // Users are shared by guilds, as people are: some sit in many.
    let sizes: Vec<usize> = (0..settings.guilds).map(|rank| size_of(rank, settings)).collect();
    let people = (sizes.iter().sum::<usize>() * 2 / 3).max(sizes.first().copied().unwrap_or(0)) + 2;
    let users: Vec<Snowflake> = (0..people)
        .map(|number| new_user(&mut world, &mut rng, &format!("user{number}"), false))
        .collect();
    for (rank, size) in sizes.into_iter().enumerate() {
        new_guild(&mut world, &mut rng, settings, rank, size, &users);
    }
    world
}

/// Members of the guild of this rank, 0 the largest.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes are far below 2^53 and never negative"
)]
fn size_of(rank: usize, settings: &WorldSettings) -> usize {
    let share = ((rank + 1) as f64).powf(-settings.skew);
    let size = (settings.members_max as f64 * share) as usize;
    // The bot and the owner are in every guild.
    size.max(settings.members_min).max(2)
}

fn new_id(world: &mut World, rng: &mut Rng) -> Snowflake {
    // Spread over two years, so that the sharding formula sees ids as scattered as real ones.
    loop {
        let id = Snowflake::at(BIRTH_MS + rng.u64(0..730 * DAY_MS), rng.u64(..) & 0xfff);
        if !world.users.contains_key(&id) && !world.guilds.contains_key(&id) && !world.home.contains_key(&id)
        {
            return id;
        }
    }
}

fn new_user(world: &mut World, rng: &mut Rng, name: &str, bot: bool) -> Snowflake {
    let id = new_id(world, rng);
    let user = User {
        id,
        username: name.to_owned(),
        global_name: (!bot && rng.u8(0..4) > 0).then(|| format!("{name} the member")),
        bot,
    };
    world.users.insert(id, user);
    id
}

fn new_guild(
    world: &mut World,
    rng: &mut Rng,
    settings: &WorldSettings,
    rank: usize,
    size: usize,
    users: &[Snowflake],
) {
    let id = new_id(world, rng);
    let mut guild = Guild {
        id,
        name: format!("guild {rank}"),
        owner: users[rng.usize(..users.len())],
        roles: [].into(),
        channels: [].into(),
        members: [].into(),
        bans: [].into(),
        audit: [].into(),
        emoji: new_id(world, rng),
        available: true,
    };
    add_roles(&mut guild, world, rng, settings.roles);
    add_channels(&mut guild, world, rng, settings.channels);
    add_members(&mut guild, world.bot, rng, size, users);
    world
        .home
        .extend(guild.channels.keys().map(|channel| (*channel, id)));
    world.guilds.insert(id, guild);
}

fn add_roles(guild: &mut Guild, world: &mut World, rng: &mut Rng, extra: usize) {
    let mut add = |id: Snowflake, name: String, permissions, position, bot| {
        let role = Role {
            id,
            name,
            permissions,
            position,
            bot,
        };
        guild.roles.insert(id, role);
    };
    // The role that everyone has carries the guild's own id.
    add(guild.id, "@everyone".to_owned(), EVERYONE, 0, None);
    let plain = u32::try_from(extra).unwrap_or(u32::MAX - 2);
    for position in 1..=plain {
        add(
            new_id(world, rng),
            format!("role {position}"),
            EVERYONE,
            position,
            None,
        );
    }
    add(
        new_id(world, rng),
        "moderators".to_owned(),
        MODERATOR,
        plain + 1,
        None,
    );
    add(
        new_id(world, rng),
        "modbot".to_owned(),
        MODERATOR,
        plain + 2,
        Some(world.bot),
    );
}

fn add_channels(guild: &mut Guild, world: &mut World, rng: &mut Rng, count: usize) {
    let category = new_id(world, rng);
    let kinds = std::iter::repeat_n(TEXT, count.max(1)).chain([VOICE]);
    guild
        .channels
        .insert(category, Channel::new(category, CATEGORY, "talk".to_owned()));
    for (position, kind) in (0..).zip(kinds) {
        let id = new_id(world, rng);
        let name = if kind == VOICE {
            "voice".to_owned()
        } else {
            format!("text-{position}")
        };
        let mut channel = Channel::new(id, kind, name);
        channel.parent = Some(category);
        channel.position = position;
        guild.channels.insert(id, channel);
    }
}

fn add_members(guild: &mut Guild, bot: Snowflake, rng: &mut Rng, size: usize, users: &[Snowflake]) {
    let born = guild.id.created_ms();
    let role_of = |wanted: &dyn Fn(&Role) -> bool| {
        let found = guild.roles.values().find(|role| wanted(role));
        found.map(|role| role.id).into_iter().collect::<Vec<_>>()
    };
    let of_the_bot = role_of(&|role| role.bot == Some(bot));
    let of_moderators = role_of(&|role| role.name == "moderators");
    let plain: Vec<Snowflake> = guild
        .roles
        .values()
        .filter(|role| role.name.starts_with("role "))
        .map(|role| role.id)
        .collect();
    let start = rng.usize(..users.len());
    let mut join = |user, roles| {
        let joined = Member {
            roles,
            ..Member::joined(born + rng.u64(0..30 * DAY_MS))
        };
        guild.members.insert(user, joined);
    };
    join(bot, of_the_bot);
    join(guild.owner, Vec::new());
    let others = (0..users.len()).map(|step| users[(start + step) % users.len()]);
    let others = others
        .filter(|user| *user != guild.owner)
        .take(size.saturating_sub(2));
    for (number, user) in others.enumerate() {
        // One in ten moderates, at least one.
        let roles = match number {
            number if number % 10 == 0 => of_moderators.clone(),
            number if number % 3 == 0 => plain
                .get(number % plain.len().max(1))
                .copied()
                .into_iter()
                .collect(),
            _ => Vec::new(),
        };
        join(user, roles);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(seed: u64) -> WorldSettings {
        WorldSettings {
            seed,
            guilds: 50,
            members_max: 200,
            ..WorldSettings::default()
        }
    }

    #[test]
    fn one_seed_makes_one_world() {
        let text = |seed| format!("{:?}", world(&settings(seed)).guilds);
        assert_eq!(text(7), text(7));
        assert_ne!(text(7), text(8));
    }

    #[test]
    fn guilds_are_skewed_in_size_and_all_have_the_bot_an_owner_and_a_moderator() {
        let world = world(&settings(1));
        let mut sizes: Vec<usize> = world.guilds.values().map(|guild| guild.members.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes.last(), Some(&200));
        assert_eq!(sizes.first(), Some(&5));
        for guild in world.guilds.values() {
            assert!(guild.members.contains_key(&world.bot));
            assert!(guild.members.contains_key(&guild.owner));
            let moderators = guild
                .roles
                .values()
                .find(|role| role.name == "moderators")
                .unwrap()
                .id;
            assert!(
                guild
                    .members
                    .values()
                    .any(|member| member.roles.contains(&moderators))
            );
            assert_eq!(guild.text_channels().count(), 4);
        }
    }
}
