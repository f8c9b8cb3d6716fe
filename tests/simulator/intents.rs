//! What a session hears depends on what it asked for.

use modbot::simulator::{Load, Mix};
use serde_json::Value;
use twilight_gateway::Intents;

use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

#[tokio::test]
async fn each_session_hears_what_its_intents_name_and_reads_only_what_it_may() {
    let simulator = start(settings()).await;
    let with = |intents| {
        Client::connect(
            &simulator,
            Plan {
                intents,
                ..Plan::default()
            },
        )
    };
    let deaf = with(Intents::GUILDS);
    let blind = with(Intents::GUILDS | Intents::GUILD_MESSAGES);
    let reading = with(Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT);
    for client in [&deaf, &blind, &reading] {
        client.event("READY").await;
    }
    simulator.burst(
        &Load {
            mix: Mix::MESSAGES,
            ..Load::default()
        },
        20,
    );
    simulator.quiet(PATIENCE).await.unwrap();
    let contents = |client: &Client| -> Vec<Value> {
        let seen = client.seen();
        let messages = seen
            .events
            .into_iter()
            .filter(|event| event.name == "MESSAGE_CREATE");
        messages.map(|event| event.data["content"].clone()).collect()
    };
    assert!(contents(&deaf).is_empty());
    assert_eq!(contents(&blind), vec![Value::from(""); 20]);
    let read = contents(&reading);
    assert_eq!(read.len(), 20);
    assert!(read.iter().all(|content| content != ""));
}
