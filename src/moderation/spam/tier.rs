//! What a score amounts to.

/// How surely a message is spam.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tier {
    /// It is not.
    None,
    /// Moderators should have a look.
    Low,
    /// The message goes, the author is restricted.
    Medium,
    /// The message goes, the author is timed out.
    High,
    /// Nobody but a spammer writes there.
    Honeypot,
}

impl Tier {
    /// The score of a honeypot.
    pub(super) const HONEYPOT: i32 = 100;

    /// The tier of a score.
    pub(super) const fn of(score: i32) -> Self {
        match score {
            Self::HONEYPOT.. => Self::Honeypot,
            15.. => Self::High,
            10.. => Self::Medium,
            6.. => Self::Low,
            _ => Self::None,
        }
    }

    /// Its name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Honeypot => "honeypot",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_begin_at_their_scores() {
        for (score, tier) in [
            (-10, Tier::None),
            (5, Tier::None),
            (6, Tier::Low),
            (9, Tier::Low),
            (10, Tier::Medium),
            (14, Tier::Medium),
            (15, Tier::High),
            (99, Tier::High),
            (100, Tier::Honeypot),
        ] {
            assert_eq!(Tier::of(score), tier, "{score}");
        }
    }
}
