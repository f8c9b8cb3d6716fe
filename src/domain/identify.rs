//! Whether a session may IDENTIFY now.
//!
//! Discord lets `max_concurrency` sessions identify in every five seconds, one a bucket, and a limited number
//! a day; a bot that passes the daily limit loses its token. So tickets are counted when granted, and a
//! reserve is kept for the operator.

/// Time between two identifies of one bucket, in milliseconds. Source: Discord, "Session Start Limit".
pub const BUCKET_INTERVAL_MS: i64 = 5_000;
/// How long a ticket may be used, in milliseconds.
pub const TICKET_VALID_MS: i64 = 2_000;

/// What `/gateway/bot` said last, counted down since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Identifies left until the reset.
    pub remaining: u32,
    /// Of those, how many are kept for the operator.
    pub reserve: u32,
    /// Milliseconds until the count starts anew; zero or less: the figures are out of date.
    pub resets_in_ms: i64,
}

/// Why no ticket was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketRefused {
    /// Nobody has read `/gateway/bot` since the store began, recovered, or the limit was reset.
    #[error("the identify budget is not known: read /gateway/bot and report it first")]
    BudgetUnknown,
    /// Only the reserve is left.
    #[error("the identify budget is spent: {remaining} left, {reserve} of them in reserve")]
    BudgetSpent {
        /// Identifies left.
        remaining: u32,
        /// Kept for the operator.
        reserve: u32,
        /// Milliseconds until the reset.
        resets_in_ms: i64,
    },
    /// The bucket was used less than five seconds ago.
    #[error("another session of this bucket identified just now")]
    TooSoon {
        /// Milliseconds until the bucket is free.
        wait_ms: i64,
    },
}

/// Whether a ticket may be given: `bucket_free_in_ms` is how long the bucket is still taken (zero or less: free).
pub fn ticket(budget: Option<Budget>, bucket_free_in_ms: i64) -> Result<(), TicketRefused> {
    let Some(Budget {
        remaining,
        reserve,
        resets_in_ms,
    }) = budget.filter(|b| b.resets_in_ms > 0)
    else {
        return Err(TicketRefused::BudgetUnknown);
    };
    if remaining <= reserve {
        return Err(TicketRefused::BudgetSpent {
            remaining,
            reserve,
            resets_in_ms,
        });
    }
    if bucket_free_in_ms > 0 {
        return Err(TicketRefused::TooSoon {
            wait_ms: bucket_free_in_ms,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_needs_a_known_budget_a_rest_above_the_reserve_and_a_free_bucket() {
        let budget = |remaining, resets_in_ms| {
            Some(Budget {
                remaining,
                reserve: 50,
                resets_in_ms,
            })
        };
        assert_eq!(ticket(budget(51, 1), 0), Ok(()));
        assert_eq!(ticket(None, 0), Err(TicketRefused::BudgetUnknown));
        assert_eq!(ticket(budget(51, 0), 0), Err(TicketRefused::BudgetUnknown));
        let spent = TicketRefused::BudgetSpent {
            remaining: 50,
            reserve: 50,
            resets_in_ms: 9,
        };
        assert_eq!(ticket(budget(50, 9), 0), Err(spent));
        assert_eq!(
            ticket(budget(51, 1), 4_999),
            Err(TicketRefused::TooSoon { wait_ms: 4_999 })
        );
    }
}
