//! What the simulator sends has the keys of what Discord sent: every capture has its counterpart.

use std::collections::BTreeSet;
use std::path::Path;

use modbot::simulator::{Act, GuildView, Simulator};
use serde_json::{Value, json};

use super::api::Api;
use super::raw::Raw;
use super::twilight::{Client, Plan};
use super::{PATIENCE, discord_data, settings, start};

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

fn captures(directory: &Path, start: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with(start) {
            let rows: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            found.extend(rows.into_iter().map(|row| (name.clone(), row)));
        }
    }
    assert!(!found.is_empty());
    found
}

/// Lets everything happen to messages that was captured.
async fn messages_happen(simulator: &Simulator, api: &Api, guild: &GuildView) {
    let (channel, user) = (guild.text_channels[0], guild.members[0]);
    let say = json!({ "act": "say", "channel": channel, "user": user, "content": "hi" });
    let with = |more: Value| -> Act {
        let mut act = say.clone();
        act.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(act).unwrap()
    };
    let message = simulator.act(with(json!({ "nonce": "n1" }))).unwrap();
    let sticker = json!([{ "id": "1", "name": "wave", "format_type": 3 }]);
    simulator
        .act(with(json!({ "reply_to": message, "stickers": sticker })))
        .unwrap();
    simulator
        .act(Act::Edit {
            channel,
            message,
            content: "edited".to_owned(),
        })
        .unwrap();
    let path = format!("/channels/{channel}/messages/{message}/threads");
    assert_eq!(
        api.call("POST", &path, json!({ "name": "thread" })).await.status,
        201
    );
    simulator
        .act(Act::React {
            channel,
            message,
            user,
            emoji: "👍".to_owned(),
        })
        .unwrap();
    simulator
        .act(Act::Delete {
            channel,
            message,
            by: user,
        })
        .unwrap();
}

/// Lets everything else happen that was captured.
fn the_rest_happens(simulator: &Simulator, guild: &GuildView) {
    let (channel, user) = (guild.text_channels[0], guild.members[0]);
    let guild_id = guild.id;
    let had = simulator.member(guild_id, user).unwrap().roles;
    let roles = guild
        .plain_roles
        .iter()
        .copied()
        .filter(|role| !had.contains(role))
        .collect();
    simulator
        .act(Act::SetRoles {
            guild: guild_id,
            user,
            roles,
            by: guild.owner,
        })
        .unwrap();
    let voice = guild.voice_channels[0];
    simulator
        .act(Act::VoiceState {
            guild: guild_id,
            channel: Some(voice),
            user,
        })
        .unwrap();
    let status = Some("talking".to_owned());
    simulator
        .act(Act::VoiceStatus {
            guild: guild_id,
            channel: voice,
            status,
        })
        .unwrap();
    let data = json!({ "id": "1", "name": "modreport", "type": 1 });
    simulator
        .act(Act::Interact {
            channel,
            user,
            kind: 2,
            data,
            message: None,
        })
        .unwrap();
}

#[tokio::test]
async fn every_captured_event_has_a_counterpart_with_the_same_keys() {
    let Some(directory) = discord_data("captures") else {
        return;
    };
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    let guild = simulator.guilds().swap_remove(0);
    messages_happen(&simulator, &Api::new(&simulator), &guild).await;
    the_rest_happens(&simulator, &guild);
    simulator.quiet(PATIENCE).await.unwrap();
    let seen = client.seen();
    for (file, capture) in captures(&directory, "gateway_") {
        let Some(name) = capture["t"].as_str() else {
            continue;
        };
        let wanted = keys(&capture["d"]);
        let ours: Vec<_> = seen.events.iter().filter(|event| event.name == name).collect();
        assert!(!ours.is_empty(), "{file}: {name} is never sent");
        let differences: Vec<_> = ours
            .iter()
            .map(|event| {
                let ours = keys(&event.data);
                wanted
                    .symmetric_difference(&ours)
                    .map(|key| (*key).to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        assert!(
            differences.iter().any(Vec::is_empty),
            "{file}: {name} differs by {differences:?}"
        );
    }
}

#[tokio::test]
async fn hello_and_ack_are_as_captured() {
    let Some(directory) = discord_data("captures") else {
        return;
    };
    let simulator = start(settings()).await;
    let mut raw = Raw::connect(&simulator.urls().gateway, "v=10&encoding=json").await;
    let hello = raw.payload().await;
    raw.send(&json!({ "op": 1, "d": null })).await;
    let ack = raw.payload().await;
    let captured = captures(&directory, "gateway_h");
    let of = |op: i64| {
        captured
            .iter()
            .find(|(_, row)| row["op"] == op)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(keys(&of(10)), keys(&hello));
    assert_eq!(keys(&of(10)["d"]), keys(&hello["d"]));
    assert_eq!(of(11), ack);
}

/// The simulator's answers, by the name of the capture.
async fn answers(simulator: &Simulator) -> [(&'static str, Value); 9] {
    let api = Api::new(simulator);
    let guild = simulator.guilds().swap_remove(0);
    let channel = guild.text_channels[0];
    let message = api
        .call(
            "POST",
            &format!("/channels/{channel}/messages"),
            json!({ "content": "hi" }),
        )
        .await
        .body;
    [
        ("rest_create_message.json", message),
        (
            "rest_get_channel.json",
            api.get(&format!("/channels/{channel}")).await,
        ),
        (
            "rest_get_channels.json",
            api.get(&format!("/guilds/{}/channels", guild.id)).await,
        ),
        (
            "rest_get_emojis.json",
            api.get(&format!("/guilds/{}/emojis", guild.id)).await,
        ),
        ("rest_get_gateway_bot.json", api.get("/gateway/bot").await),
        (
            "rest_get_guild.json",
            api.get(&format!("/guilds/{}", guild.id)).await,
        ),
        ("rest_get_me.json", api.get("/users/@me").await),
        (
            "rest_get_members.json",
            api.get(&format!("/guilds/{}/members?limit=100", guild.id)).await,
        ),
        (
            "rest_get_roles.json",
            api.get(&format!("/guilds/{}/roles", guild.id)).await,
        ),
    ]
}

#[tokio::test]
async fn every_captured_answer_has_a_counterpart_with_the_same_keys() {
    let Some(directory) = discord_data("captures") else {
        return;
    };
    let simulator = start(settings()).await;
    let ours = answers(&simulator).await;
    let captured = captures(&directory, "rest_");
    for (file, capture) in &captured {
        let ours = &ours
            .iter()
            .find(|(name, _)| name == file)
            .unwrap_or_else(|| panic!("{file}"))
            .1;
        match capture["items"].as_array() {
            None => assert_eq!(keys(capture), keys(ours), "{file}"),
            // Lists: each captured shape is among ours, by type where there is one.
            Some(items) => {
                for item in items {
                    let wanted = keys(item);
                    let same = ours.as_array().unwrap().iter().any(|one| keys(one) == wanted);
                    let first = keys(&ours[0]);
                    assert!(
                        same || has_own_keys(item),
                        "{file}: {:?}",
                        wanted.symmetric_difference(&first)
                    );
                }
            }
        }
    }
}

/// Captured channels with a pinned message or an emoji of their own carry keys that plain ones do not.
fn has_own_keys(item: &Value) -> bool {
    item.get("type").is_some() && item.get("permission_overwrites").is_some()
}
