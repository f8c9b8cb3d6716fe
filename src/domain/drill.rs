//! What a restored shard must show: its fences against what the config store says, its age and time against limits.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::fence::{FenceMode, FenceState};
use super::ids::{Epoch, GuildId, PodId};

/// What the store says of one guild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// The guild.
    pub guild: GuildId,
    /// Its owner.
    pub pod: PodId,
    /// Its owner's number.
    pub epoch: Epoch,
    /// Since when it is so, in Unix milliseconds.
    pub since_ms: i64,
    /// Whether it was ever served: only then has any file its rows.
    pub born: bool,
}

/// One guild in a restored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The guild.
    pub guild: GuildId,
    /// Its fence.
    pub fence: Option<FenceState>,
    /// Its rows.
    pub rows: u64,
}

/// What may not be exceeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// The recovery time objective: how long a restore may take, with its checks.
    pub rto: Option<Duration>,
    /// The recovery point objective: how old a restored state may be.
    pub rpo: Option<Duration>,
}

/// Something that a drill must not find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Nothing below the pod's prefix can be restored.
    NoReplica {
        /// Guilds that would be lost.
        guilds: u64,
    },
    /// The newest state cannot be restored, or what came out is damaged.
    NotRestored(String),
    /// The restored file is no shard's, or cannot be read.
    NotAShard(String),
    /// The state is older than the limit.
    TooOld {
        /// Its age.
        age: Duration,
        /// The limit.
        rpo: Duration,
    },
    /// The restore took longer than the limit.
    TooSlow {
        /// How long it took.
        took: Duration,
        /// The limit.
        rto: Duration,
    },
    /// The store says that this shard owns the guild, and it is not there.
    Missing {
        /// The guild.
        guild: GuildId,
        /// The store's number.
        epoch: Epoch,
    },
    /// The guild is there with a fence that does not fit what the store says of it.
    Contradicts {
        /// The guild.
        guild: GuildId,
        /// What the file says.
        fence: FenceState,
        /// What the store says; none: it has never heard of the guild.
        store: Option<(PodId, Epoch)>,
    },
    /// The guild has rows and no fence: they are nobody's.
    Nobodys {
        /// The guild.
        guild: GuildId,
        /// Its rows.
        rows: u64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoReplica { guilds } => {
                write!(
                    f,
                    "there is no replica: {guilds} guilds would be lost with the pod's volume"
                )
            }
            Self::NotRestored(why) => write!(f, "the newest state cannot be restored: {why}"),
            Self::NotAShard(why) => write!(f, "what was restored cannot be used: {why}"),
            Self::TooOld { age, rpo } => {
                write!(
                    f,
                    "the newest state is {} old, the limit is {}",
                    Seconds(*age),
                    Seconds(*rpo)
                )
            }
            Self::TooSlow { took, rto } => {
                write!(
                    f,
                    "the restore took {}, the limit is {}",
                    Seconds(*took),
                    Seconds(*rto)
                )
            }
            Self::Missing { guild, epoch } => {
                write!(f, "guild {guild} is this shard's at epoch {epoch}, and not in it")
            }
            Self::Contradicts {
                guild,
                fence,
                store: Some((pod, epoch)),
            } => {
                write!(
                    f,
                    "guild {guild} is {fence} here, and {pod}'s at epoch {epoch} for the store"
                )
            }
            Self::Contradicts {
                guild,
                fence,
                store: None,
            } => {
                write!(
                    f,
                    "guild {guild} is {fence} here, and the store has never heard of it"
                )
            }
            Self::Nobodys { guild, rows } => write!(f, "guild {guild} has {rows} rows and no fence"),
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} s", self.0.as_secs_f64())
    }
}

/// What exceeds the limits.
pub fn judge_times(age: Duration, took: Duration, limits: &Limits) -> Vec<Finding> {
    let old = limits.rpo.filter(|rpo| age > *rpo);
    let slow = limits.rto.filter(|rto| took > *rto);
    let old = old.map(|rpo| Finding::TooOld { age, rpo });
    let slow = slow.map(|rto| Finding::TooSlow { took, rto });
    old.into_iter().chain(slow).collect()
}

/// What is wrong with the guilds in a file that `pod` had at `at_ms`, where `owned` is what the store says now of
/// every guild. What the store has said only since then cannot be in the file, and is no finding.
pub fn judge_guilds(pod: PodId, at_ms: i64, owned: &[Owned], found: &[Found]) -> Vec<Finding> {
    let by_guild: BTreeMap<GuildId, &Owned> = owned.iter().map(|one| (one.guild, one)).collect();
    let here: BTreeSet<GuildId> = found
        .iter()
        .filter(|one| one.fence.is_some())
        .map(|one| one.guild)
        .collect();
    let missing = owned
        .iter()
        .filter(|one| one.pod == pod && one.born && one.since_ms <= at_ms && !here.contains(&one.guild))
        .map(|one| Finding::Missing {
            guild: one.guild,
            epoch: one.epoch,
        });
    let wrong = found.iter().filter_map(|one| {
        let Some(fence) = &one.fence else {
            let (guild, rows) = (one.guild, one.rows);
            return (rows > 0).then_some(Finding::Nobodys { guild, rows });
        };
        let store = by_guild.get(&one.guild);
        (!fits(fence, pod, at_ms, store.copied())).then(|| Finding::Contradicts {
            guild: one.guild,
            fence: fence.clone(),
            store: store.map(|owned| (owned.pod, owned.epoch)),
        })
    });
    missing.chain(wrong).collect()
}

fn fits(fence: &FenceState, pod: PodId, at_ms: i64, store: Option<&Owned>) -> bool {
    let Some(store) = store else {
        return false;
    };
    if store.since_ms > at_ms {
        // The file is from before: it may say what was so then, and nothing newer.
        return fence.epoch <= store.epoch;
    }
    if store.pod != pod {
        return match fence.mode {
            // Another pod has been its owner for longer than this file is old.
            FenceMode::Serving | FenceMode::Frozen => false,
            // On its way here, or gone from here.
            FenceMode::Importing | FenceMode::Tombstone => true,
        };
    }
    fence.epoch == store.epoch && matches!(fence.mode, FenceMode::Serving | FenceMode::Frozen)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_000;

    fn pod(id: u32) -> PodId {
        PodId::new(id).unwrap()
    }

    fn owned(owner: u32, epoch: u64, since_ms: i64) -> Owned {
        Owned {
            guild: GuildId::new(7).unwrap(),
            pod: pod(owner),
            epoch: Epoch::new(epoch),
            since_ms,
            born: true,
        }
    }

    fn found(mode: FenceMode, epoch: u64) -> Found {
        let fence = FenceState {
            epoch: Epoch::new(epoch),
            mode,
            move_id: None,
            freeze_no: 0,
            digest: None,
        };
        Found {
            guild: GuildId::new(7).unwrap(),
            fence: Some(fence),
            rows: 3,
        }
    }

    fn findings(store: Owned, file: Option<Found>) -> usize {
        judge_guilds(pod(0), AT, &[store], &file.into_iter().collect::<Vec<_>>()).len()
    }

    #[test]
    fn what_the_store_says_is_what_the_file_must_say() {
        use FenceMode::{Frozen, Importing, Serving, Tombstone};
        for (mode, epoch, owner, expected) in [
            (Serving, 2, 0, 0),
            (Frozen, 2, 0, 0),
            (Serving, 1, 0, 1),
            (Serving, 3, 0, 1),
            (Tombstone, 2, 0, 1),
            (Importing, 2, 0, 1),
            (Tombstone, 2, 1, 0),
            (Importing, 3, 1, 0),
            (Serving, 2, 1, 1),
            (Frozen, 1, 1, 1),
        ] {
            let counted = findings(owned(owner, 2, AT), Some(found(mode, epoch)));
            assert_eq!(counted, expected, "{mode:?} at {epoch}, owner pod-{owner}");
        }
    }

    #[test]
    fn what_has_changed_since_the_state_is_no_finding() {
        use FenceMode::{Importing, Serving};
        assert_eq!(
            findings(owned(1, 3, AT + 1), Some(found(Serving, 2))),
            0,
            "moved away since"
        );
        assert_eq!(
            findings(owned(0, 3, AT + 1), Some(found(Importing, 3))),
            0,
            "moved here since"
        );
        assert_eq!(findings(owned(0, 1, AT + 1), None), 0, "placed since");
        assert_eq!(
            findings(owned(0, 2, AT + 1), Some(found(Serving, 3))),
            1,
            "newer than the store"
        );
    }

    #[test]
    fn what_is_missing_or_nobodys_is_found() {
        assert_eq!(findings(owned(0, 1, AT), None), 1);
        assert_eq!(findings(owned(1, 1, AT), None), 0);
        let unborn = Owned {
            born: false,
            ..owned(0, 1, AT)
        };
        assert_eq!(findings(unborn, None), 0);
        let nobodys = Found {
            fence: None,
            ..found(FenceMode::Serving, 1)
        };
        assert_eq!(findings(unborn, Some(nobodys)), 1);
        let unknown = judge_guilds(pod(0), AT, &[], &[found(FenceMode::Serving, 1)]);
        assert!(matches!(
            unknown.as_slice(),
            [Finding::Contradicts { store: None, .. }]
        ));
    }

    #[test]
    fn limits_are_limits() {
        let limits = Limits {
            rto: Some(Duration::from_secs(5)),
            rpo: Some(Duration::from_mins(1)),
        };
        let seconds = Duration::from_secs;
        assert_eq!(judge_times(seconds(60), seconds(5), &limits), []);
        assert_eq!(judge_times(seconds(61), seconds(6), &limits).len(), 2);
        assert_eq!(judge_times(seconds(61), seconds(6), &Limits::default()), []);
    }
}
