//! Each route's own limit, as the headers of its answers tell it.

use std::collections::HashMap;

/// A route and the guild, channel or webhook it is about: limits are told for both together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteKey {
    /// Method and template, such as `DELETE /channels/{}/messages/{}`.
    pub route: &'static str,
    /// The guild or channel.
    pub major: i64,
}

/// What an answer's headers say. Source: Discord, "Rate Limits", "Header Format".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// `X-RateLimit-Bucket`: routes with the same one share a limit.
    pub bucket: Option<String>,
    /// `X-RateLimit-Remaining`.
    pub remaining: Option<u32>,
    /// `X-RateLimit-Reset-After`, in milliseconds.
    pub reset_after_ms: Option<u64>,
    /// `Retry-After` of a 429, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// How a bucket stands.
#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    remaining: u32,
    resets_at_ms: u64,
}

/// The limits that were told so far.
#[derive(Debug, Default)]
pub struct RouteLimits {
    /// Which bucket a route's answers named.
    named: HashMap<&'static str, String>,
    buckets: HashMap<(String, i64), Bucket>,
}

/// Beyond so many buckets those that have ended are forgotten.
const MANY: usize = 10_000;

impl RouteLimits {
    /// Whether the route may be called now, which is then counted; otherwise in how many milliseconds.
    pub fn take(&mut self, key: &RouteKey, now_ms: u64) -> Result<(), u64> {
        let Some(bucket) = self.buckets.get_mut(&self.named.get(key.route).map_or_else(
            || (key.route.to_owned(), key.major),
            |name| (name.clone(), key.major),
        )) else {
            return Ok(());
        };
        if now_ms >= bucket.resets_at_ms {
            // What the next window allows the next answer says.
            bucket.remaining = bucket.remaining.max(1);
            bucket.resets_at_ms = u64::MAX;
        }
        if bucket.remaining == 0 {
            return Err(bucket.resets_at_ms.saturating_sub(now_ms).max(1));
        }
        bucket.remaining -= 1;
        Ok(())
    }

    /// An answer's headers.
    pub fn told(&mut self, key: &RouteKey, told: &Told, now_ms: u64) {
        if let Some(name) = &told.bucket {
            self.named.insert(key.route, name.clone());
        }
        let name = self.named.get(key.route).map_or(key.route, String::as_str);
        let bucket = match (told.retry_after_ms, told.remaining, told.reset_after_ms) {
            (Some(retry), ..) => Bucket {
                remaining: 0,
                resets_at_ms: now_ms + retry,
            },
            (None, Some(remaining), Some(reset)) => Bucket {
                remaining,
                resets_at_ms: now_ms + reset,
            },
            _ => {
                // A route without a limit: what was assumed of its next window is given back.
                self.buckets.remove(&(name.to_owned(), key.major));
                return;
            }
        };
        self.buckets.insert((name.to_owned(), key.major), bucket);
        if self.buckets.len() > MANY {
            self.buckets.retain(|_, bucket| bucket.resets_at_ms > now_ms);
        }
    }

    /// No answer came: nothing is known of the limit.
    pub fn no_answer(&mut self, key: &RouteKey) {
        let name = self.named.get(key.route).map_or(key.route, String::as_str);
        let known = self.buckets.get_mut(&(name.to_owned(), key.major));
        if let Some(bucket) = known.filter(|bucket| bucket.resets_at_ms == u64::MAX) {
            bucket.remaining = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: RouteKey = RouteKey {
        route: "DELETE /a",
        major: 1,
    };

    fn told(bucket: &str, remaining: u32, reset_after_ms: u64) -> Told {
        Told {
            bucket: Some(bucket.to_owned()),
            remaining: Some(remaining),
            reset_after_ms: Some(reset_after_ms),
            retry_after_ms: None,
        }
    }

    #[test]
    fn a_route_waits_for_its_window_and_another_channel_does_not() {
        let mut limits = RouteLimits::default();
        assert_eq!(limits.take(&A, 0), Ok(()));
        limits.told(&A, &told("b", 0, 500), 10);
        assert_eq!(limits.take(&A, 110), Err(400));
        let other = RouteKey { major: 2, ..A };
        assert_eq!(limits.take(&other, 110), Ok(()));
        assert_eq!(
            limits.take(&A, 510),
            Ok(()),
            "one call finds out about the next window"
        );
        assert!(limits.take(&A, 510).is_err());
        limits.no_answer(&A);
        assert_eq!(limits.take(&A, 511), Ok(()), "its answer never came");
        limits.told(&A, &told("b", 1, 500), 520);
        assert_eq!(limits.take(&A, 521), Ok(()));
        assert_eq!(limits.take(&A, 521), Err(499));
    }

    #[test]
    fn routes_of_one_bucket_share_it_and_a_429_stops_them() {
        let mut limits = RouteLimits::default();
        let second = RouteKey { route: "PUT /b", ..A };
        limits.told(&A, &told("shared", 1, 1000), 0);
        limits.told(&second, &told("shared", 1, 1000), 0);
        assert_eq!(limits.take(&A, 1), Ok(()));
        assert_eq!(limits.take(&second, 1), Err(999));
        let limited = Told {
            retry_after_ms: Some(5000),
            ..Told::default()
        };
        limits.told(&A, &limited, 2000);
        assert_eq!(limits.take(&second, 2000), Err(5000));
    }
}
