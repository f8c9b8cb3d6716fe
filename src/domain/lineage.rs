//! Under which lineage a pod's file is replicated.
//!
//! Kept over a clean stop, and over a crash on the same machine; a new one after a restore, on an empty
//! volume, and after an unclean change of machine, where an old writer might still be at work.

/// What is known when a pod starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineageFacts {
    /// The lineage the store has for the pod.
    pub stored: u64,
    /// The lineage written in the file on the pod's volume; `None`: the volume is empty.
    pub on_volume: Option<u64>,
    /// Whether the former process stopped cleanly.
    pub clean_stop: bool,
    /// Whether this is the machine, since the same boot, on which the former process ran.
    pub same_boot: bool,
    /// Whether the pod has ever been started.
    pub ever_started: bool,
}

/// The lineage a starting pod gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    /// Go on with this one.
    Keep(u64),
    /// Begin this one; the stored one is retired.
    New(u64),
    /// Begin this one; nothing to retire.
    First(u64),
}

impl Lineage {
    /// The number, kept or new.
    pub const fn number(self) -> u64 {
        match self {
            Self::Keep(n) | Self::New(n) | Self::First(n) => n,
        }
    }
}

/// The lineage of a starting pod.
pub const fn decide(facts: LineageFacts) -> Lineage {
    match facts.on_volume {
        None if !facts.ever_started => Lineage::First(facts.stored),
        Some(found) if found == facts.stored && (facts.clean_stop || facts.same_boot) => Lineage::Keep(found),
        // A file from elsewhere may carry a higher number: never go below it.
        Some(found) if found > facts.stored => Lineage::New(found + 1),
        _ => Lineage::New(facts.stored + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_is_kept_only_where_no_other_writer_can_be() {
        let facts = LineageFacts {
            stored: 4,
            on_volume: Some(4),
            clean_stop: true,
            same_boot: false,
            ever_started: true,
        };
        assert_eq!(decide(facts), Lineage::Keep(4));
        assert_eq!(
            decide(LineageFacts {
                clean_stop: false,
                same_boot: true,
                ..facts
            }),
            Lineage::Keep(4)
        );
        assert_eq!(
            decide(LineageFacts {
                clean_stop: false,
                ..facts
            }),
            Lineage::New(5)
        );
        assert_eq!(
            decide(LineageFacts {
                on_volume: None,
                ..facts
            }),
            Lineage::New(5)
        );
        assert_eq!(
            decide(LineageFacts {
                on_volume: Some(3),
                ..facts
            }),
            Lineage::New(5)
        );
        assert_eq!(
            decide(LineageFacts {
                on_volume: Some(9),
                ..facts
            }),
            Lineage::New(10)
        );
        let fresh = LineageFacts {
            stored: 1,
            on_volume: None,
            ever_started: false,
            ..facts
        };
        assert_eq!(decide(fresh), Lineage::First(1));
    }
}
