//! Op 8: a client asks for members.

use serde_json::{Value, json};

use crate::simulator::events::Draft;
use crate::simulator::gateway::frame::RequestMembers;
use crate::simulator::payload;
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// Members per chunk.
const CHUNK: usize = 1000;

impl State {
    /// Answers op 8 with `GUILD_MEMBERS_CHUNK` events to that session.
    pub(in crate::simulator) fn send_members(&mut self, session: usize, request: &RequestMembers) {
        if let Some(wait_ms) = self.must_wait(session, request) {
            return self.refuse_members(session, request, wait_ms);
        }
        let Some(guild) = self.world.guilds.get(&request.guild_id) else {
            return;
        };
        let wanted: Option<Vec<Snowflake>> = match &request.user_ids {
            Some(Value::Array(_) | Value::String(_)) => {
                let ids = request.user_ids.clone().unwrap_or_default();
                let ids = if ids.is_string() { json!([ids]) } else { ids };
                serde_json::from_value(ids).ok()
            }
            _ => None,
        };
        let query = request.query.as_deref().unwrap_or_default();
        let most = if request.limit == 0 {
            usize::MAX
        } else {
            request.limit
        };
        let members: Vec<Value> = guild
            .members
            .iter()
            .filter_map(|(id, member)| Some((self.world.users.get(id)?, member)))
            .filter(|(user, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(&user.id)))
            .filter(|(user, _)| user.username.starts_with(query))
            .take(most)
            .map(|(user, member)| payload::member::with_user(user, member))
            .collect();
        let guild = guild.id;
        let missing: Vec<Snowflake> = wanted
            .unwrap_or_default()
            .into_iter()
            .filter(|id| !self.world.guilds[&guild].members.contains_key(id))
            .collect();
        let count = members.len().div_ceil(CHUNK).max(1);
        for index in 0..count {
            let chunk = &members[index * CHUNK..members.len().min((index + 1) * CHUNK)];
            let mut data = json!({
                "chunk_count": count,
                "chunk_index": index,
                "guild_id": guild,
                "members": chunk,
                "not_found": missing,
            });
            if let Some(nonce) = &request.nonce {
                data["nonce"] = json!(nonce);
            }
            let draft = Draft {
                name: "GUILD_MEMBERS_CHUNK",
                guild: Some(guild),
                data,
                ..Draft::default()
            };
            self.publish_to(session, &draft);
        }
    }

    /// How long a session must still wait before it may ask for all members of a guild again; counts the request.
    fn must_wait(&mut self, session: usize, request: &RequestMembers) -> Option<u64> {
        let all = request.user_ids.is_none() && request.query.as_deref() == Some("") && request.limit == 0;
        if !all {
            return None;
        }
        let (now, key) = (self.now_ms(), (session, request.guild_id));
        let interval = self.settings.gateway.all_members_interval;
        let interval = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        let free_at = self
            .asked_for_members
            .get(&key)
            .map_or(now, |at| at.saturating_add(interval));
        if free_at > now {
            return Some(free_at - now);
        }
        self.asked_for_members.insert(key, now);
        None
    }

    fn refuse_members(&mut self, session: usize, request: &RequestMembers, wait_ms: u64) {
        let mut meta = json!({ "guild_id": request.guild_id });
        if let Some(nonce) = &request.nonce {
            meta["nonce"] = json!(nonce);
        }
        let data = json!({ "meta": meta, "opcode": 8, "retry_after": wait_ms.div_ceil(1000) });
        self.publish_to(
            session,
            &Draft {
                name: "RATE_LIMITED",
                data,
                ..Draft::default()
            },
        );
    }
}
