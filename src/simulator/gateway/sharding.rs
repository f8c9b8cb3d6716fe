//! Which session hears of which guild.

use crate::simulator::snowflake::Snowflake;

/// A Discord shard as a client names it: `[id, of]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulator) struct Shard {
    pub(in crate::simulator) id: u32,
    pub(in crate::simulator) of: u32,
}

impl Shard {
    /// The shard `[id, of]`, where there can be one.
    pub(in crate::simulator) fn new(id: u32, of: u32) -> Option<Self> {
        (id < of).then_some(Self { id, of })
    }

    /// Whether this shard hears of `guild`: `(guild_id >> 22) % num_shards`.
    pub(in crate::simulator) fn hears(self, guild: Snowflake) -> bool {
        (guild.0 >> 22) % u64::from(self.of) == u64::from(self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guild_belongs_to_one_shard_of_each_count() {
        // (197038439483310086 >> 22) = 46977624769, which is 1 mod 2, 1 mod 64 and 769 mod 1000.
        let guild = Snowflake(197_038_439_483_310_086);
        let owner = |of: u32| {
            (0..of)
                .filter(|id| Shard { id: *id, of }.hears(guild))
                .collect::<Vec<_>>()
        };
        assert_eq!(owner(1), [0]);
        assert_eq!(owner(2), [u32::try_from((guild.0 >> 22) & 1).unwrap()]);
        assert_eq!(owner(1000), [u32::try_from((guild.0 >> 22) % 1000).unwrap()]);
        assert_eq!(Shard::new(2, 2), None);
    }
}
