//! What REST requests do to the world, which events follow, and what the ledger says of them.

use std::time::Duration;

use modbot::simulator::ledger::EffectKind;
use modbot::simulator::{Act, GuildView, Simulator, Snowflake};
use serde_json::{Value, json};

use super::api::Api;
use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

async fn world() -> (Simulator, Api, GuildView) {
    let simulator = start(settings()).await;
    let api = Api::new(&simulator);
    let guild = simulator
        .guilds()
        .into_iter()
        .max_by_key(|guild| guild.plain_members.len())
        .unwrap();
    (simulator, api, guild)
}

#[tokio::test]
async fn an_enforced_nonce_sends_once_in_its_window_and_again_after_it() {
    let (simulator, api, guild) = world().await;
    let path = format!("/channels/{}/messages", guild.text_channels[0]);
    let body = json!({ "content": "hi", "nonce": "a1", "enforce_nonce": true });
    let id = async || api.call("POST", &path, body.clone()).await.body["id"].clone();
    let first = id().await;
    assert_eq!(id().await, first);
    simulator.advance(Duration::from_secs(299));
    assert_eq!(id().await, first);
    simulator.advance(Duration::from_secs(2));
    assert_ne!(id().await, first);
    let ledger = simulator.ledger();
    assert_eq!(ledger.done(EffectKind::MessageCreated).count(), 2);
    let repeated: Vec<bool> = ledger.effects.iter().map(|effect| effect.repeated).collect();
    assert_eq!(repeated, [false, true, true, false]);
    assert_eq!(ledger.subjects("MESSAGE_CREATE", guild.id).len(), 2);
}

#[tokio::test]
async fn a_nonce_that_is_not_enforced_protects_from_nothing() {
    let (simulator, api, guild) = world().await;
    let path = format!("/channels/{}/messages", guild.text_channels[0]);
    for _ in 0..2 {
        api.call("POST", &path, json!({ "content": "hi", "nonce": "a1" }))
            .await;
    }
    assert_eq!(simulator.ledger().done(EffectKind::MessageCreated).count(), 2);
}

#[tokio::test]
async fn a_timeout_is_an_effect_an_event_an_audit_entry_and_ends_by_itself() {
    let (simulator, api, guild) = world().await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    let user = guild.plain_members[0];
    let path = format!("/guilds/{}/members/{user}", guild.id);
    let until = json!({ "communication_disabled_until": "2030-01-01T00:00:00+00:00" });
    let too_long = api.call("PATCH", &path, until).await;
    assert_eq!(
        (too_long.status, too_long.body["code"].clone()),
        (400, json!(50_035))
    );
    let now = simulator.now_ms();
    let until = jiff::Timestamp::from_millisecond(i64::try_from(now + 600_000).unwrap()).unwrap();
    let body = json!({ "communication_disabled_until": until.to_string() });
    let answer = api
        .try_call_because("PATCH", &path, body, "spam%20wave")
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(
        simulator.member(guild.id, user).unwrap().timeout_until_ms,
        Some(now + 600_000)
    );
    let update = client.event("GUILD_MEMBER_UPDATE").await;
    assert_eq!(update.data["user"]["id"], json!(user));
    let entry = client.event("GUILD_AUDIT_LOG_ENTRY_CREATE").await.data;
    assert_eq!(
        (entry["action_type"].clone(), entry["reason"].clone()),
        (json!(24), json!("spam wave"))
    );
    let ledger = simulator.ledger();
    let effect = ledger.done(EffectKind::MemberTimedOut).next().unwrap();
    assert_eq!((effect.guild, effect.target), (Some(guild.id), Some(user)));
    assert_eq!(effect.reason.as_deref(), Some("spam wave"));
    simulator.quiet(PATIENCE).await.unwrap();
}

#[tokio::test]
async fn permissions_and_rank_decide_what_the_bot_may_do() {
    let (simulator, api, guild) = world().await;
    let user = guild.plain_members[0];
    let code = async |method: &str, path: String, body: Value| {
        let answer = api.call(method, &path, body).await;
        (answer.status, answer.body["code"].clone())
    };
    let member = |user: Snowflake| format!("/guilds/{}/members/{user}", guild.id);
    assert_eq!(
        code("DELETE", member(guild.owner), Value::Null).await,
        (403, json!(50_013))
    );
    let role = guild.bot_role.unwrap();
    let permissions = 1 << 10;
    simulator
        .act(Act::SetPermissions {
            guild: guild.id,
            role,
            permissions,
        })
        .unwrap();
    let lift = json!({ "communication_disabled_until": null });
    assert_eq!(
        code("DELETE", member(user), Value::Null).await,
        (403, json!(50_013))
    );
    assert_eq!(code("PATCH", member(user), lift).await, (403, json!(50_013)));
    let ban = format!("/guilds/{}/bans/{user}", guild.id);
    assert_eq!(code("PUT", ban, json!({})).await, (403, json!(50_013)));
    let log = format!("/guilds/{}/audit-logs", guild.id);
    assert_eq!(code("GET", log, Value::Null).await, (403, json!(50_013)));
    simulator.act(Act::RemoveBot { guild: guild.id }).unwrap();
    let channel = format!("/channels/{}/messages", guild.text_channels[0]);
    assert_eq!(
        code("POST", channel, json!({ "content": "x" })).await,
        (403, json!(50_001))
    );
    assert!(simulator.ledger().effects.is_empty());
}

#[tokio::test]
async fn a_ban_twice_is_one_ban_and_deletes_what_was_said_lately() {
    let (simulator, api, guild) = world().await;
    let (user, channel) = (guild.plain_members[0], guild.text_channels[0]);
    let say = json!({ "act": "say", "channel": channel, "user": user, "content": "spam" });
    let say: Act = serde_json::from_value(say).unwrap();
    let old = simulator.act(say.clone()).unwrap();
    simulator.advance(Duration::from_hours(2));
    let new = simulator.act(say).unwrap();
    let path = format!("/guilds/{}/bans/{user}", guild.id);
    for _ in 0..2 {
        let answer = api
            .call("PUT", &path, json!({ "delete_message_seconds": 3600 }))
            .await;
        assert_eq!(answer.status, 204);
    }
    assert!(simulator.message(channel, old).is_some());
    assert!(simulator.message(channel, new).is_none());
    let ledger = simulator.ledger();
    assert_eq!(ledger.done(EffectKind::MemberBanned).count(), 1);
    assert_eq!(ledger.subjects("GUILD_BAN_ADD", guild.id), [user]);
    assert_eq!(ledger.subjects("GUILD_MEMBER_REMOVE", guild.id), [user]);
}

#[tokio::test]
async fn an_interaction_must_be_answered_in_time_and_its_token_dies() {
    let (simulator, api, guild) = world().await;
    let (channel, user) = (guild.text_channels[0], guild.members[0]);
    let invoke = || {
        let data = json!({ "name": "modreport", "type": 1 });
        let id = simulator
            .act(Act::Interact {
                channel,
                user,
                kind: 2,
                data,
                message: None,
            })
            .unwrap();
        (id, simulator.interaction_token(id).unwrap())
    };
    let (id, token) = invoke();
    simulator.advance(Duration::from_millis(3100));
    let late = api
        .call(
            "POST",
            &format!("/interactions/{id}/{token}/callback"),
            json!({ "type": 5 }),
        )
        .await;
    assert_eq!((late.status, late.body["code"].clone()), (404, json!(10_062)));
    let (id, token) = invoke();
    let first = api
        .call(
            "POST",
            &format!("/interactions/{id}/{token}/callback"),
            json!({ "type": 5 }),
        )
        .await;
    assert_eq!(first.status, 204);
    let original = format!("/webhooks/{}/{token}/messages/@original", simulator.bot());
    assert_eq!(
        api.call("PATCH", &original, json!({ "content": "done" }))
            .await
            .status,
        200
    );
    simulator.advance(Duration::from_mins(15) + Duration::from_millis(1));
    let dead = api.call("PATCH", &original, json!({ "content": "more" })).await;
    assert_eq!((dead.status, dead.body["code"].clone()), (401, json!(50_027)));
}

#[tokio::test]
async fn bulk_deletes_refuse_what_discord_refuses() {
    let (simulator, api, guild) = world().await;
    let channel = guild.text_channels[0];
    let path = format!("/channels/{channel}/messages/bulk-delete");
    let code = async |ids: Vec<Snowflake>| {
        api.call("POST", &path, json!({ "messages": ids })).await.body["code"].clone()
    };
    let say = json!({ "act": "say", "channel": channel, "user": guild.members[0], "content": "x" });
    let say: Act = serde_json::from_value(say).unwrap();
    let old = [
        simulator.act(say.clone()).unwrap(),
        simulator.act(say.clone()).unwrap(),
    ];
    assert_eq!(code(vec![old[0]]).await, 50_016);
    assert_eq!(code(vec![old[0], old[0]]).await, 50_035);
    simulator.advance(Duration::from_hours(24 * 15));
    assert_eq!(code(old.to_vec()).await, 50_034);
    let new = [simulator.act(say.clone()).unwrap(), simulator.act(say).unwrap()];
    assert_eq!(code(new.to_vec()).await, Value::Null);
    assert_eq!(simulator.messages(channel), old);
}
