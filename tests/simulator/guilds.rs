//! Guilds come and go, fail and hide channels; direct messages belong to shard 0.

use modbot::simulator::{Act, Snowflake};
use serde_json::{Value, json};

use super::api::Api;
use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

fn say(channel: impl Into<Value>, user: Snowflake) -> Act {
    let say = json!({ "act": "say", "channel": channel.into(), "user": user, "content": "hi" });
    serde_json::from_value(say).unwrap()
}

#[tokio::test]
async fn a_guild_that_removes_the_bot_or_fails_is_silent_until_it_is_back() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    simulator.quiet(PATIENCE).await.unwrap();
    let guild = simulator.guilds().swap_remove(0);
    let (id, message) = (
        guild.id,
        say(guild.text_channels[0].to_string(), guild.members[0]),
    );
    for (gone, back, unavailable) in [
        (
            Act::RemoveBot { guild: id },
            Act::AddBot { guild: id },
            Value::Null,
        ),
        (
            Act::Outage {
                guild: id,
                over: false,
            },
            Act::Outage {
                guild: id,
                over: true,
            },
            json!(true),
        ),
    ] {
        let before = client.seen().events.len();
        simulator.act(gone).unwrap();
        simulator.act(message.clone()).unwrap();
        simulator.act(back).unwrap();
        simulator.act(message.clone()).unwrap();
        simulator.quiet(PATIENCE).await.unwrap();
        let seen = client.seen().events.split_off(before);
        let names: Vec<&str> = seen.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(names, ["GUILD_DELETE", "GUILD_CREATE", "MESSAGE_CREATE"]);
        assert_eq!(seen[0].data["unavailable"], unavailable);
    }
}

#[tokio::test]
async fn messages_of_a_channel_that_the_bot_does_not_see_are_not_heard() {
    let simulator = start(settings()).await;
    let api = Api::new(&simulator);
    let guild = simulator.guilds().swap_remove(0);
    let channel = guild.text_channels[0];
    let view = (1_u64 << 10).to_string();
    let hide = json!([{ "id": guild.bot_role, "type": 0, "allow": "0", "deny": view }]);
    let path = format!("/channels/{channel}");
    let answer = api
        .call("PATCH", &path, json!({ "permission_overwrites": hide }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    simulator.act(say(channel.to_string(), guild.members[0])).unwrap();
    simulator
        .act(say(guild.text_channels[1].to_string(), guild.members[0]))
        .unwrap();
    assert_eq!(simulator.ledger().named("MESSAGE_CREATE").count(), 1);
    let answer = api
        .call("POST", &format!("{path}/messages"), json!({ "content": "x" }))
        .await;
    assert_eq!((answer.status, answer.body["code"].clone()), (403, json!(50_001)));
}

#[tokio::test]
async fn direct_messages_go_to_shard_0_of_every_count_and_to_no_other() {
    let simulator = start(settings()).await;
    let plan = |shard| Plan {
        shard,
        ..Plan::default()
    };
    let clients = [(0, 1), (0, 2), (1, 2)].map(|shard| Client::connect(&simulator, plan(shard)));
    for client in &clients {
        client.event("READY").await;
    }
    let user = simulator.guilds()[0].members[0];
    let body = json!({ "recipient_id": user });
    let dm = Api::new(&simulator)
        .call("POST", "/users/@me/channels", body)
        .await
        .body["id"]
        .clone();
    simulator.act(say(dm, user)).unwrap();
    simulator.quiet(PATIENCE).await.unwrap();
    let heard = clients.each_ref().map(|client| {
        let events = client.seen().events;
        events
            .iter()
            .filter(|event| event.name == "MESSAGE_CREATE")
            .count()
    });
    assert_eq!(heard, [1, 1, 0]);
    assert_eq!(
        clients[0].event("MESSAGE_CREATE").await.data.get("guild_id"),
        None
    );
}
