//! The pod's share of the global limit, as a bucket that fills steadily.

/// Calls that may be made at once after a rest: a fraction of a second's worth.
const BURST_MS: u64 = 100;
/// One call, in thousandths.
const CALL: u64 = 1000;

/// The share. Rates are thousandths of a call a second.
#[derive(Debug, Clone)]
pub struct Share {
    milli_per_s: u32,
    /// Millionths of a call in the bucket.
    filled: u64,
    at_ms: u64,
    /// Discord said that the whole bot is over its limit.
    paused_until_ms: u64,
}

impl Share {
    /// A share of so many thousandths of a call a second.
    pub const fn new(milli_per_s: u32) -> Self {
        Self {
            milli_per_s,
            filled: CALL * 1000,
            at_ms: 0,
            paused_until_ms: 0,
        }
    }

    /// The share is this from now on.
    pub const fn set(&mut self, milli_per_s: u32) {
        self.milli_per_s = milli_per_s;
    }

    /// Takes a call out of the bucket; otherwise in how many milliseconds it is worth asking again.
    pub fn take(&mut self, now_ms: u64) -> Result<(), u64> {
        if now_ms < self.paused_until_ms {
            return Err(self.paused_until_ms - now_ms);
        }
        let rate = u64::from(self.milli_per_s);
        let most = (rate * BURST_MS).max(CALL * 1000);
        let gained = rate * now_ms.saturating_sub(self.at_ms);
        self.filled = (self.filled + gained).min(most);
        self.at_ms = now_ms;
        let missing = (CALL * 1000).saturating_sub(self.filled);
        if missing == 0 {
            self.filled -= CALL * 1000;
            Ok(())
        } else if rate == 0 {
            Err(1000)
        } else {
            Err(missing.div_ceil(rate))
        }
    }

    /// Nothing for so long: the whole bot was over its limit.
    pub fn pause(&mut self, now_ms: u64, for_ms: u64) {
        self.paused_until_ms = self.paused_until_ms.max(now_ms + for_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many calls are allowed in so many milliseconds.
    fn calls(share: &mut Share, from_ms: u64, to_ms: u64) -> u32 {
        (from_ms..to_ms)
            .map(|now| {
                let mut made = 0;
                while share.take(now).is_ok() {
                    made += 1;
                }
                made
            })
            .sum()
    }

    #[test]
    fn a_share_is_never_passed_in_any_second_but_for_its_burst() {
        let mut share = Share::new(45_000);
        let first = calls(&mut share, 0, 1000);
        assert!((45..=50).contains(&first), "{first}: Discord's limit is 50");
        assert_eq!(calls(&mut share, 1000, 2000), 45);
        // A rest fills the bucket only so far.
        assert!(calls(&mut share, 60_000, 61_000) <= 50, "Discord's limit");
        share.set(1000);
        assert!(calls(&mut share, 61_000, 71_000) <= 11);
        share.set(0);
        calls(&mut share, 71_000, 71_001);
        assert_eq!(calls(&mut share, 71_001, 80_000), 0);
        assert_eq!(share.take(80_000), Err(1000));
    }

    #[test]
    fn a_global_pause_holds_for_everybody() {
        let mut share = Share::new(45_000);
        share.pause(0, 500);
        assert_eq!(share.take(100), Err(400));
        assert_eq!(share.take(500), Ok(()));
    }
}
