//! Who owns which guild, as config said last: read by the writing thread for every frame.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::client::config_api::OwnedGuildInfo;
use crate::domain::ids::{Epoch, GuildId, PodId};

/// How a guild stands to this pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// This pod is alone: every guild is its own, at the epoch of its fence.
    Alone,
    /// This pod owns it.
    Mine {
        /// At this epoch exactly.
        epoch: Epoch,
        /// Whether config knows that it was ever served: then a file without it has lost it.
        born: bool,
    },
    /// Another pod owns it.
    Elsewhere(PodId),
    /// Nobody may serve it before an operator has looked: it came out of a recovery of the config store.
    Troubled,
    /// Config has not been asked yet.
    Unknown,
}

/// What config says of one guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its owner.
    pub pod: PodId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Whether it was ever served.
    pub born: bool,
    /// Whether nobody may serve it.
    pub troubled: bool,
}

/// The guilds that this pod has been told of.
#[derive(Debug)]
pub struct Guilds {
    me: PodId,
    known: RwLock<HashMap<GuildId, Known>>,
}

impl Guilds {
    /// None yet.
    pub fn new(me: PodId) -> Self {
        Self {
            me,
            known: RwLock::default(),
        }
    }

    /// How a guild stands to this pod.
    pub fn standing(&self, guild: GuildId) -> Standing {
        match self.get(guild) {
            None => Standing::Unknown,
            Some(known) if known.troubled => Standing::Troubled,
            Some(Known { pod, epoch, born, .. }) if pod == self.me => Standing::Mine { epoch, born },
            Some(known) => Standing::Elsewhere(known.pod),
        }
    }

    /// What config said of a guild.
    pub fn get(&self, guild: GuildId) -> Option<Known> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&guild).copied()
    }

    /// Takes in what config says of one guild; what it said at a higher epoch stays.
    pub fn learn(&self, guild: GuildId, news: Known) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(guild).or_insert(news);
        if (known.pod, known.epoch) == (news.pod, news.epoch) {
            // Once born, always born: an answer that was read before it is older.
            known.born |= news.born;
            known.troubled = news.troubled;
        } else if news.epoch > known.epoch {
            *known = news;
        }
    }

    /// Takes in the whole list of this pod's guilds; one that is missing in it is not served until config says more.
    pub fn assign(&self, mine: &[OwnedGuildInfo]) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, known| known.pod != self.me);
        for guild in mine {
            let known = Known {
                pod: self.me,
                epoch: guild.epoch,
                born: guild.born,
                troubled: guild.trouble.is_some(),
            };
            // The list may have been read before a flip that we heard of since.
            let older = |other: &Known| other.epoch <= known.epoch;
            if all.get(&guild.guild).is_none_or(older) {
                all.insert(guild.guild, known);
            }
        }
    }

    /// Asks again at the next frame: its owner would not have it.
    pub fn forget(&self, guild: GuildId) {
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        all.remove(&guild);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_epoch_is_believed_and_a_guild_missing_from_the_list_is_not_served() {
        let pod = |ordinal| PodId::new(ordinal).unwrap();
        let guild = GuildId::new(5).unwrap();
        let known = |ordinal, epoch, born| Known {
            pod: pod(ordinal),
            epoch: Epoch::new(epoch),
            born,
            troubled: false,
        };
        let mine = |epoch, born| Standing::Mine {
            epoch: Epoch::new(epoch),
            born,
        };
        let guilds = Guilds::new(pod(1));
        assert_eq!(guilds.standing(guild), Standing::Unknown);
        guilds.learn(guild, known(1, 3, true));
        guilds.learn(guild, known(1, 3, false));
        assert_eq!(guilds.standing(guild), mine(3, true));
        guilds.learn(guild, known(2, 2, true));
        assert_eq!(guilds.standing(guild), mine(3, true), "an older answer");
        guilds.learn(guild, known(2, 4, true));
        assert_eq!(guilds.standing(guild), Standing::Elsewhere(pod(2)));
        let owned = |trouble: Option<&str>| OwnedGuildInfo {
            guild,
            epoch: Epoch::new(5),
            born: true,
            raise_from: None,
            trouble: trouble.map(str::to_owned),
        };
        guilds.assign(&[owned(None)]);
        assert_eq!(guilds.standing(guild), mine(5, true));
        guilds.assign(&[owned(Some("two pods claim it"))]);
        assert_eq!(guilds.standing(guild), Standing::Troubled);
        guilds.assign(&[]);
        assert_eq!(guilds.standing(guild), Standing::Unknown);
    }
}
