//! Faults of the REST API.

use serde::{Deserialize, Serialize};

use crate::simulator::snowflake::Snowflake;

/// Which requests fail, and how. A field left out matches everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RestFault {
    /// `GET`, `POST`, …
    pub method: Option<String>,
    /// The route as Discord's OpenAPI document names it: `/channels/{channel_id}/messages`.
    pub route: Option<String>,
    /// The guild that the route's channel or guild belongs to.
    pub guild: Option<Snowflake>,
    /// How many requests; without it, until [`super::Fault::Clear`].
    pub times: Option<u32>,
    /// What happens to them.
    pub answer: RestAnswer,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestAnswer {
    /// It is answered with this status; nothing is done.
    Status(u16),
    /// 429: `scope` is `user`, `global` or `shared`.
    RateLimited {
        /// Seconds.
        retry_after: f64,
        /// The `X-RateLimit-Scope`.
        scope: String,
    },
    /// The connection is cut before anything is done.
    Cut,
    /// It is done, then the connection is cut: the client cannot know.
    CutAfter,
    /// It is done, then answered with this status.
    StatusAfter(u16),
    /// It is served this many milliseconds later.
    Delay(u64),
}

impl Default for RestAnswer {
    fn default() -> Self {
        Self::Status(500)
    }
}

/// The faults in force; the first that matches counts.
#[derive(Debug, Default)]
pub(in crate::simulator) struct RestFaults {
    faults: Vec<RestFault>,
}

impl RestFaults {
    /// Puts a fault in force.
    pub(super) fn add(&mut self, fault: RestFault) {
        self.faults.push(fault);
    }

    /// What happens to this request; counts it.
    pub(in crate::simulator) fn meet(
        &mut self,
        method: &str,
        route: &str,
        guild: Option<Snowflake>,
    ) -> Option<RestAnswer> {
        let fault = self.faults.iter_mut().find(|fault| {
            fault.times != Some(0)
                && fault.method.as_deref().is_none_or(|wanted| wanted == method)
                && fault.route.as_deref().is_none_or(|wanted| wanted == route)
                && fault.guild.is_none_or(|wanted| Some(wanted) == guild)
        })?;
        if let Some(times) = &mut fault.times {
            *times -= 1;
        }
        Some(fault.answer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_what_it_names_as_often_as_it_says() {
        let mut faults = RestFaults::default();
        faults.add(RestFault {
            method: Some("PUT".to_owned()),
            times: Some(1),
            ..RestFault::default()
        });
        assert_eq!(faults.meet("GET", "/x", None), None);
        assert_eq!(faults.meet("PUT", "/x", None), Some(RestAnswer::Status(500)));
        assert_eq!(faults.meet("PUT", "/x", None), None);
    }
}
