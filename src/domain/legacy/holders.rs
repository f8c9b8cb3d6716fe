//! Which of several pods' files holds a guild's rows: the one that may write them.

use std::collections::BTreeMap;

use crate::domain::fence::FenceMode;
use crate::domain::ids::{Epoch, GuildId};

/// What one file says about a guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The file's place in the caller's list.
    pub file: usize,
    /// The guild.
    pub guild: GuildId,
    /// The owner's number.
    pub epoch: Epoch,
    /// What the file may do.
    pub mode: FenceMode,
}

/// Why nobody can say which file holds a guild.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    /// Two files would both write.
    #[error("two files hold guild {guild} at epoch {epoch}")]
    Two {
        /// The guild.
        guild: GuildId,
        /// Their epoch.
        epoch: Epoch,
        /// The files' places.
        files: [usize; 2],
    },
    /// The guild has moved away to a file that is not among these.
    #[error("guild {guild} has moved on from epoch {epoch} to a file that is not among these")]
    Elsewhere {
        /// The guild.
        guild: GuildId,
        /// The last epoch that a file knows.
        epoch: Epoch,
        /// That file's place.
        file: usize,
    },
}

/// The file that holds each guild: the highest epoch that serves it, or is frozen in the middle of a move.
pub fn holders(claims: &[Claim]) -> Result<BTreeMap<GuildId, usize>, HolderError> {
    let mut by_guild: BTreeMap<GuildId, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        by_guild.entry(claim.guild).or_default().push(*claim);
    }
    let mut holders = BTreeMap::new();
    for (guild, claims) in by_guild {
        let holds = |claim: &&Claim| claim.mode.owns();
        let best = claims.iter().filter(holds).max_by_key(|claim| claim.epoch);
        let left = claims
            .iter()
            .filter(|claim| claim.mode == FenceMode::Tombstone)
            .max_by_key(|claim| claim.epoch);
        match (best, left) {
            (Some(best), _) if left.is_none_or(|left| left.epoch <= best.epoch) => {
                let rival = claims
                    .iter()
                    .filter(holds)
                    .find(|other| other.epoch == best.epoch && other.file != best.file);
                if let Some(rival) = rival {
                    return Err(HolderError::Two {
                        guild,
                        epoch: best.epoch,
                        files: [rival.file, best.file],
                    });
                }
                holders.insert(guild, best.file);
            }
            (_, Some(left)) => {
                return Err(HolderError::Elsewhere {
                    guild,
                    epoch: left.epoch,
                    file: left.file,
                });
            }
            // Only an import that has not come to its end: whoever sends it still has everything.
            _ => {}
        }
    }
    Ok(holders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guild() -> GuildId {
        GuildId::new(7).unwrap()
    }

    fn claim(file: usize, epoch: u64, mode: FenceMode) -> Claim {
        Claim {
            file,
            guild: guild(),
            epoch: Epoch::new(epoch),
            mode,
        }
    }

    #[test]
    fn the_one_that_may_write_holds_the_guild() {
        use FenceMode::{Frozen, Importing, Serving, Tombstone};
        for (claims, holder) in [
            (vec![claim(0, 1, Serving)], Ok(Some(0))),
            (vec![claim(0, 1, Frozen)], Ok(Some(0))),
            (vec![claim(0, 1, Frozen), claim(1, 2, Importing)], Ok(Some(0))),
            (vec![claim(0, 1, Tombstone), claim(1, 2, Serving)], Ok(Some(1))),
            // An older copy of a file says that it serves still.
            (vec![claim(0, 1, Serving), claim(1, 2, Serving)], Ok(Some(1))),
            (vec![claim(0, 1, Importing)], Ok(None)),
            (
                vec![claim(0, 1, Serving), claim(1, 1, Serving)],
                Err("two files hold guild 7 at epoch 1"),
            ),
            (
                vec![claim(0, 1, Tombstone)],
                Err("guild 7 has moved on from epoch 1 to a file that is not among these"),
            ),
            (
                vec![claim(0, 1, Serving), claim(1, 2, Tombstone)],
                Err("guild 7 has moved on from epoch 2 to a file that is not among these"),
            ),
        ] {
            let found = holders(&claims).map(|found| found.get(&guild()).copied());
            assert_eq!(
                found.map_err(|error| error.to_string()),
                holder.map_err(str::to_owned),
                "{claims:?}"
            );
        }
    }
}
