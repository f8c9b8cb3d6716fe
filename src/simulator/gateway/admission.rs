//! IDENTIFY and RESUME: who gets a session.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::Notify;

use super::close_code::CloseCode;
use super::connection::Order;
use super::frame::{Identify, Resume};
use super::identify::Verdict;
use super::intents::{GUILDS, PRIVILEGED, has_undefined};
use super::session::Hold;
use super::sharding::Shard;
use crate::simulator::events::Draft;
use crate::simulator::ledger::{Attempt, EndReason, Outcome};
use crate::simulator::payload::{guild, ready};
use crate::simulator::settings::OlderSeq;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// Why there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Close the connection.
    Close(CloseCode),
    /// Op 9.
    InvalidSession { resumable: bool },
}

impl State {
    /// Answers an IDENTIFY: a new session's number, or why not.
    pub(super) fn identify(
        &mut self,
        connection: usize,
        wake: &Arc<Notify>,
        identify: &Identify,
    ) -> Result<usize, Refusal> {
        let shard = identify.shard.or(Some((0, 1)));
        let admitted = self.admit(identify);
        let (outcome, result) = match admitted {
            Ok(shard) => {
                let hold = Hold::Connection {
                    no: connection,
                    wake: Arc::clone(wake),
                };
                let no = self.begin_session(shard, identify.intents, hold);
                self.welcome(no, shard, identify.intents);
                (Outcome::Identified, Ok(no))
            }
            Err((outcome, refusal)) => (outcome, Err(refusal)),
        };
        let session_id = result.ok().map(|no| self.ledger.sessions[no].session_id.clone());
        self.attempted(connection, shard, session_id, outcome);
        if outcome == Outcome::OverBudget {
            self.reset_token();
        }
        result
    }

    fn admit(&mut self, identify: &Identify) -> Result<Shard, (Outcome, Refusal)> {
        let close = |code: CloseCode| Err((Outcome::Closed(code.frame().0), Refusal::Close(code)));
        if !self.token_is_good(&identify.token) {
            return close(CloseCode::AuthenticationFailed);
        }
        if has_undefined(identify.intents) {
            return close(CloseCode::InvalidIntents);
        }
        if identify.intents & PRIVILEGED & !self.settings.gateway.privileged_intents != 0 {
            return close(CloseCode::DisallowedIntents);
        }
        let (id, of) = identify.shard.unwrap_or((0, 1));
        let Some(shard) = Shard::new(id, of) else {
            return close(CloseCode::InvalidShard);
        };
        if self.guilds_of(shard).len() > self.settings.gateway.guilds_per_session {
            return close(CloseCode::ShardingRequired);
        }
        if let Some(resumable) = self.faults.refuse_identify() {
            return Err((Outcome::RefusedByOrder, Refusal::InvalidSession { resumable }));
        }
        match self.identify.take(shard.id, self.clock.now_ms()) {
            Verdict::Granted => Ok(shard),
            Verdict::TooSoon => Err((Outcome::TooSoon, Refusal::InvalidSession { resumable: false })),
            Verdict::OverBudget => Err((
                Outcome::OverBudget,
                Refusal::Close(CloseCode::AuthenticationFailed),
            )),
        }
    }

    /// The guilds that a shard hears of and the bot is in.
    fn guilds_of(&self, shard: Shard) -> Vec<Snowflake> {
        let guilds = self.world.guilds.values();
        let with_bot = guilds.filter(|guild| guild.members.contains_key(&self.world.bot));
        with_bot
            .map(|guild| guild.id)
            .filter(|id| shard.hears(*id))
            .collect()
    }

    /// READY, then `GUILD_CREATE` for each guild.
    fn welcome(&mut self, no: usize, shard: Shard, intents: u64) {
        let guilds = self.guilds_of(shard);
        let session_id = self.ledger.sessions[no].session_id.clone();
        let Some(bot) = self.world.users.get(&self.world.bot) else {
            return;
        };
        let data = ready::ready(bot, &session_id, &self.urls.resume_gateway, shard, &guilds);
        self.publish_to(
            no,
            &Draft {
                name: "READY",
                data,
                ..Draft::default()
            },
        );
        if intents & GUILDS == 0 {
            return;
        }
        for id in guilds {
            let Some(guild) = self.world.guilds.get(&id).filter(|guild| guild.available) else {
                continue;
            };
            let data = guild::create(&self.world, guild);
            let draft = Draft {
                name: "GUILD_CREATE",
                guild: Some(id),
                subject: Some(id),
                data,
                ..Draft::default()
            };
            self.publish_to(no, &draft);
        }
    }

    /// Answers a RESUME: the session's number, or why not. Missed events and RESUMED wait in its buffer.
    pub(super) fn resume(
        &mut self,
        connection: usize,
        wake: &Arc<Notify>,
        resume: &Resume,
    ) -> Result<usize, Refusal> {
        self.end_expired_sessions(self.clock.now_ms());
        let found = self.sessions.by_id(&resume.session_id);
        let checked = self.may_resume(found, resume);
        let (outcome, result) = match checked {
            Ok(no) => {
                let last = self.sessions.get(no).last_seq;
                let hold = Hold::Connection {
                    no: connection,
                    wake: Arc::clone(wake),
                };
                if let Some(before) = self.attach(no, hold, resume.seq) {
                    // Not documented: the newer connection wins, the older one is closed.
                    let (code, reason) = CloseCode::Unknown.frame();
                    self.order(before, Order::Close(code, reason.to_owned()));
                }
                let acked = &mut self.ledger.sessions[no].acked;
                *acked = resume.seq.max(*acked);
                let data = json!({ "_trace": ready::trace() });
                self.publish_to(
                    no,
                    &Draft {
                        name: "RESUMED",
                        data,
                        ..Draft::default()
                    },
                );
                (
                    Outcome::Resumed {
                        from: resume.seq,
                        replayed: last - resume.seq,
                    },
                    Ok(no),
                )
            }
            Err((outcome, refusal)) => (outcome, Err(refusal)),
        };
        let shard = found
            .map(|no| self.sessions.get(no).shard)
            .map(|shard| (shard.id, shard.of));
        self.attempted(connection, shard, Some(resume.session_id.clone()), outcome);
        result
    }

    fn may_resume(&mut self, found: Option<usize>, resume: &Resume) -> Result<usize, (Outcome, Refusal)> {
        let close = |code: CloseCode| Err((Outcome::Closed(code.frame().0), Refusal::Close(code)));
        let invalid = |outcome| Err((outcome, Refusal::InvalidSession { resumable: false }));
        if !self.token_is_good(&resume.token) {
            return close(CloseCode::AuthenticationFailed);
        }
        if let Some(resumable) = self.faults.refuse_resume() {
            return Err((Outcome::RefusedByOrder, Refusal::InvalidSession { resumable }));
        }
        let Some(no) = found.filter(|no| self.ledger.sessions[*no].ended.is_none()) else {
            return invalid(Outcome::UnknownSession);
        };
        let session = self.sessions.get(no);
        if resume.seq > session.last_seq {
            return close(CloseCode::InvalidSeq);
        }
        let older = resume.seq < self.ledger.sessions[no].acked;
        let refused = older && self.settings.gateway.older_seq == OlderSeq::Refuse;
        if refused || !session.can_replay_from(resume.seq) {
            return invalid(Outcome::SeqTooOld(resume.seq));
        }
        Ok(no)
    }

    fn attempted(
        &mut self,
        connection: usize,
        shard: Option<(u32, u32)>,
        session_id: Option<String>,
        outcome: Outcome,
    ) {
        let at_ms = self.now_ms();
        self.ledger.attempts.push(Attempt {
            at_ms,
            connection,
            shard,
            session_id,
            outcome,
        });
    }

    /// What Discord does to a bot that overruns its budget: every session ends, the token is good no more.
    fn reset_token(&mut self) {
        self.ledger.token_reset = true;
        for no in self.sessions.live() {
            self.end_session(no, EndReason::TokenReset);
        }
        let (code, reason) = CloseCode::AuthenticationFailed.frame();
        for connection in self.connections.values() {
            let _ = connection.orders.send(Order::Close(code, reason.to_owned()));
        }
    }

    /// Tells a connection what to do; nothing where it is gone.
    pub(in crate::simulator) fn order(&self, connection: usize, order: Order) -> bool {
        self.connections
            .get(&connection)
            .is_some_and(|link| link.orders.send(order).is_ok())
    }
}
