//! Every route of the simulator exists in Discord's OpenAPI document; what it takes and answers fits the schemas.

use std::collections::BTreeSet;

use modbot::simulator::{Act, GuildView, Simulator};
use serde_json::{Map, Value, json};

use super::api::{Answer, Api};
use super::{discord_data, settings, start};

/// Discord's document.
struct Document(Value);

impl Document {
    fn load() -> Option<Self> {
        let path = discord_data("openapi.json")?;
        let text = std::fs::read_to_string(path).unwrap();
        // `oneOf` in it is not exclusive in fact: an embed's fields fit several of its alternatives.
        let mut document: Value = serde_json::from_str(&text.replace("\"oneOf\"", "\"anyOf\"")).unwrap();
        // Forwards are in the written documentation of messages, not yet in this document.
        let kinds = &mut document["components"]["schemas"]["MessageReferenceType"]["anyOf"];
        kinds
            .as_array_mut()
            .unwrap()
            .push(json!({ "const": 1, "title": "FORWARD" }));
        Some(Self(document))
    }

    fn operation(&self, method: &str, path: &str) -> &Value {
        &self.0["paths"][path][method.to_lowercase()]
    }

    /// Why `value` does not fit `schema`.
    fn misfits(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut needed = BTreeSet::new();
        self.collect(schema, &mut needed);
        let all = &self.0["components"]["schemas"];
        let schemas: Map<String, Value> = needed
            .into_iter()
            .map(|name| (name.clone(), all[&name].clone()))
            .collect();
        let whole = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "allOf": [schema],
            "components": { "schemas": schemas },
        });
        let validator = jsonschema::validator_for(&whole).unwrap();
        validator
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    /// The named schemas that `schema` refers to, near and far: handing over all 539 each time takes seconds.
    fn collect(&self, schema: &Value, into: &mut BTreeSet<String>) {
        match schema {
            Value::Object(map) => {
                let name = map
                    .get("$ref")
                    .and_then(Value::as_str)
                    .and_then(|path| path.rsplit('/').next());
                if let Some(name) = name.filter(|name| into.insert((*name).to_owned())) {
                    self.collect(&self.0["components"]["schemas"][name], into);
                }
                map.values().for_each(|inner| self.collect(inner, into));
            }
            Value::Array(list) => list.iter().for_each(|inner| self.collect(inner, into)),
            _ => {}
        }
    }

    /// What is wrong with a request.
    fn check_request(&self, method: &str, path: &str, body: &Value) -> Vec<String> {
        let request = &self.operation(method, path)["requestBody"];
        let schema = &request["content"]["application/json"]["schema"];
        if body.is_null() || schema.is_null() {
            return Vec::new();
        }
        self.misfits(schema, body)
    }

    /// What is wrong with an answer.
    fn check_answer(&self, method: &str, path: &str, answer: &Answer) -> Vec<String> {
        let responses = &self.operation(method, path)["responses"];
        let response = match &responses[answer.status.to_string()] {
            Value::Null if answer.status >= 400 => &responses["4XX"],
            response => response,
        };
        if response.is_null() {
            return vec![format!("{} is not documented: {}", answer.status, answer.body)];
        }
        let response = match response["$ref"].as_str() {
            Some(reference) => self.0.pointer(&reference[1..]).unwrap(),
            None => response,
        };
        let schema = &response["content"]["application/json"]["schema"];
        match (schema, &answer.body) {
            (Value::Null, Value::Null) => Vec::new(),
            (Value::Null, body) => vec![format!("a body where none is documented: {body}")],
            (schema, body) => self.misfits(schema, body),
        }
    }
}

/// Calls routes, checks both directions, remembers which.
struct Tour {
    document: Document,
    api: Api,
    visited: BTreeSet<(String, String)>,
    /// What did not fit.
    misfits: Vec<String>,
}

impl Tour {
    /// Calls the route `path` with its parameters replaced in order; `query` is appended.
    async fn visit(&mut self, method: &str, path: &str, with: &[&str], query: &str, body: Value) -> Answer {
        let mut misfits = self.document.check_request(method, path, &body);
        let mut concrete = String::new();
        let mut values = with.iter();
        for part in path.split('/').skip(1) {
            let part = if part.starts_with('{') {
                values.next().unwrap()
            } else {
                part
            };
            concrete = format!("{concrete}/{part}");
        }
        let answer = self.api.call(method, &format!("{concrete}{query}"), body).await;
        misfits.extend(self.document.check_answer(method, path, &answer));
        self.misfits.extend(
            misfits
                .into_iter()
                .map(|misfit| format!("{method} {path}: {misfit}")),
        );
        self.visited.insert((method.to_owned(), path.to_owned()));
        answer
    }

    /// As [`Tour::visit`], and it must succeed.
    async fn ok(&mut self, method: &str, path: &str, with: &[&str], body: Value) -> Value {
        let answer = self.visit(method, path, with, "", body).await;
        assert!(
            answer.status < 300,
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        answer.body
    }
}

#[tokio::test]
async fn every_route_and_its_answers_fit_discords_document() {
    let Some(document) = Document::load() else { return };
    let missing: Vec<_> = modbot::simulator::routes()
        .filter(|(method, path)| document.operation(method, path).is_null())
        .collect();
    assert_eq!(missing, []);
    let simulator = start(settings()).await;
    let mut tour = Tour {
        document,
        api: Api::new(&simulator),
        visited: BTreeSet::new(),
        misfits: Vec::new(),
    };
    let guild = simulator
        .guilds()
        .into_iter()
        .max_by_key(|guild| guild.plain_members.len())
        .unwrap();
    the_bot_itself(&mut tour, &simulator, &guild).await;
    commands(&mut tour, &simulator, &guild).await;
    messages(&mut tour, &simulator, &guild).await;
    threads_and_channels(&mut tour, &guild).await;
    members(&mut tour, &guild).await;
    interactions(&mut tour, &simulator, &guild).await;
    let guild_id = guild.id.to_string();
    tour.ok(
        "DELETE",
        "/users/@me/guilds/{guild_id}",
        &[&guild_id],
        Value::Null,
    )
    .await;
    assert!(tour.misfits.is_empty(), "{:#?}", tour.misfits);
    let routes: BTreeSet<_> = modbot::simulator::routes()
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    let unvisited: Vec<_> = routes.difference(&tour.visited).collect();
    assert!(unvisited.is_empty(), "{unvisited:?}");
}

async fn the_bot_itself(tour: &mut Tour, simulator: &Simulator, guild: &GuildView) {
    let user = guild.members[0].to_string();
    for path in [
        "/gateway",
        "/gateway/bot",
        "/users/@me",
        "/users/@me/guilds",
        "/applications/@me",
        "/oauth2/applications/@me",
    ] {
        tour.ok("GET", path, &[], Value::Null).await;
    }
    tour.ok("GET", "/users/{user_id}", &[&user], Value::Null).await;
    let dm = tour
        .ok(
            "POST",
            "/users/@me/channels",
            &[],
            json!({ "recipient_id": user }),
        )
        .await;
    let dm = dm["id"].as_str().unwrap();
    tour.ok("GET", "/channels/{channel_id}", &[dm], Value::Null).await;
    tour.ok(
        "POST",
        "/channels/{channel_id}/messages",
        &[dm],
        json!({ "content": "hello" }),
    )
    .await;
    let unknown = tour
        .visit("GET", "/users/{user_id}", &["1"], "", Value::Null)
        .await;
    assert_eq!(
        (unknown.status, unknown.body["code"].clone()),
        (404, json!(10_013))
    );
    assert!(!simulator.ledger().requests.is_empty());
}

async fn commands(tour: &mut Tour, simulator: &Simulator, guild: &GuildView) {
    let application = simulator.bot().to_string();
    let guild = guild.id.to_string();
    let all = "/applications/{application_id}/commands";
    let one = "/applications/{application_id}/commands/{command_id}";
    let of_guild = "/applications/{application_id}/guilds/{guild_id}/commands";
    let track = json!({ "name": "Track", "type": 3 });
    let report = json!({ "name": "report", "type": 1, "description": "Report a member" });
    let first = tour.ok("POST", all, &[&application], report.clone()).await;
    assert_eq!(
        tour.visit("POST", all, &[&application], "", report.clone())
            .await
            .status,
        200
    );
    let replaced = tour.ok("PUT", all, &[&application], json!([report, track])).await;
    assert_eq!(
        replaced[0]["id"], first["id"],
        "a command of the same name keeps its id"
    );
    let id = first["id"].as_str().unwrap();
    tour.ok("GET", all, &[&application], Value::Null).await;
    tour.ok("GET", one, &[&application, id], Value::Null).await;
    tour.ok(
        "PATCH",
        one,
        &[&application, id],
        json!({ "description": "Tell the moderators" }),
    )
    .await;
    tour.ok("DELETE", one, &[&application, id], Value::Null).await;
    assert_eq!(
        tour.visit("GET", one, &[&application, id], "", Value::Null)
            .await
            .status,
        404
    );
    tour.ok("POST", of_guild, &[&application, &guild], track.clone())
        .await;
    tour.ok("PUT", of_guild, &[&application, &guild], json!([track]))
        .await;
    tour.ok("GET", of_guild, &[&application, &guild], Value::Null)
        .await;
}

async fn messages(tour: &mut Tour, simulator: &Simulator, guild: &GuildView) {
    let channel = guild.text_channels[0].to_string();
    let list = "/channels/{channel_id}/messages";
    let one = "/channels/{channel_id}/messages/{message_id}";
    let embed =
        json!({ "title": "Report", "description": "spam", "fields": [{ "name": "a", "value": "b" }] });
    let row =
        json!({ "type": 1, "components": [{ "type": 2, "style": 4, "label": "Ban", "custom_id": "ban" }] });
    let body = json!({ "content": "hi", "embeds": [embed], "components": [row], "nonce": "abc", "enforce_nonce": true });
    let sent = tour.ok("POST", list, &[&channel], body).await;
    let id = sent["id"].as_str().unwrap().to_owned();
    let reply = json!({ "content": "again", "message_reference": { "message_id": id } });
    let second = tour.ok("POST", list, &[&channel], reply).await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let forward = json!({ "message_reference": { "type": 1, "channel_id": channel, "message_id": id } });
    tour.ok("POST", list, &[&channel], forward).await;
    assert_eq!(
        tour.visit("POST", list, &[&channel], "", json!({ "content": "" }))
            .await
            .body["code"],
        50_006
    );
    let listed = tour
        .visit("GET", list, &[&channel], "?limit=2", Value::Null)
        .await
        .body;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    tour.ok("GET", one, &[&channel, &id], Value::Null).await;
    tour.ok("PATCH", one, &[&channel, &id], json!({ "content": "edited" }))
        .await;
    let pin = "/channels/{channel_id}/messages/pins/{message_id}";
    tour.ok("PUT", pin, &[&channel, &id], Value::Null).await;
    tour.ok("DELETE", pin, &[&channel, &id], Value::Null).await;
    reactions(tour, simulator, guild, &id).await;
    deletes(tour, simulator, guild, &second).await;
}

async fn reactions(tour: &mut Tour, simulator: &Simulator, guild: &GuildView, id: &str) {
    let channel = guild.text_channels[0].to_string();
    let one = "/channels/{channel_id}/messages/{message_id}";
    let reactions = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}";
    tour.ok(
        "PUT",
        &format!("{reactions}/@me"),
        &[&channel, id, "%F0%9F%91%8D"],
        Value::Null,
    )
    .await;
    let who = tour
        .ok("GET", reactions, &[&channel, id, "%F0%9F%91%8D"], Value::Null)
        .await;
    assert_eq!(who[0]["id"], json!(simulator.bot()));
    tour.ok("GET", one, &[&channel, id], Value::Null).await;
    tour.ok(
        "DELETE",
        &format!("{reactions}/@me"),
        &[&channel, id, "%F0%9F%91%8D"],
        Value::Null,
    )
    .await;
    let of_user = format!("{reactions}/{{user_id}}");
    let user = guild.members[0].to_string();
    tour.ok(
        "DELETE",
        &of_user,
        &[&channel, id, "%F0%9F%91%8D", &user],
        Value::Null,
    )
    .await;
}

async fn deletes(tour: &mut Tour, simulator: &Simulator, guild: &GuildView, second: &str) {
    let channel = guild.text_channels[0].to_string();
    let one = "/channels/{channel_id}/messages/{message_id}";
    tour.ok("POST", "/channels/{channel_id}/typing", &[&channel], Value::Null)
        .await;
    tour.ok("DELETE", one, &[&channel, second], Value::Null).await;
    assert_eq!(
        tour.visit("DELETE", one, &[&channel, second], "", Value::Null)
            .await
            .body["code"],
        10_008
    );
    let (place, user) = (guild.text_channels[0], guild.members[0]);
    let say = json!({ "act": "say", "channel": place, "user": user, "content": "x" });
    let say: Act = serde_json::from_value(say).unwrap();
    let ids = [simulator.act(say.clone()).unwrap(), simulator.act(say).unwrap()];
    let bulk = "/channels/{channel_id}/messages/bulk-delete";
    tour.ok("POST", bulk, &[&channel], json!({ "messages": ids }))
        .await;
}

async fn threads_and_channels(tour: &mut Tour, guild: &GuildView) {
    let guild_id = guild.id.to_string();
    let body = json!({ "name": "mod-log", "type": 0, "topic": "what moderators did" });
    let made = tour
        .ok("POST", "/guilds/{guild_id}/channels", &[&guild_id], body)
        .await;
    let channel = made["id"].as_str().unwrap().to_owned();
    let sent = json!({ "content": "a case" });
    let message = tour
        .ok("POST", "/channels/{channel_id}/messages", &[&channel], sent)
        .await;
    let message = message["id"].as_str().unwrap();
    let from_message = "/channels/{channel_id}/messages/{message_id}/threads";
    let thread = tour
        .ok(
            "POST",
            from_message,
            &[&channel, message],
            json!({ "name": "case 1" }),
        )
        .await;
    assert_eq!(thread["id"], message, "a thread has the id of its message");
    let again = tour
        .visit(
            "POST",
            from_message,
            &[&channel, message],
            "",
            json!({ "name": "case 1" }),
        )
        .await;
    assert_eq!(again.body["code"], 160_004);
    private_threads(tour, guild, &channel).await;
    channels(tour, &guild_id, [&channel, message]).await;
}

async fn private_threads(tour: &mut Tour, guild: &GuildView, channel: &str) {
    let user = guild.members[0].to_string();
    let private = json!({ "name": "private", "type": 12, "invitable": false });
    let private = tour
        .ok("POST", "/channels/{channel_id}/threads", &[channel], private)
        .await;
    let private = private["id"].as_str().unwrap();
    let members = "/channels/{channel_id}/thread-members";
    tour.ok(
        "PUT",
        &format!("{members}/{{user_id}}"),
        &[private, &user],
        Value::Null,
    )
    .await;
    assert_eq!(
        tour.ok("GET", members, &[private], Value::Null)
            .await
            .as_array()
            .unwrap()
            .len(),
        2
    );
    tour.ok(
        "PATCH",
        "/channels/{channel_id}",
        &[private],
        json!({ "archived": true, "locked": true }),
    )
    .await;
}

async fn channels(tour: &mut Tour, guild_id: &str, [channel, thread]: [&str; 2]) {
    tour.ok(
        "PATCH",
        "/channels/{channel_id}",
        &[channel],
        json!({ "name": "renamed" }),
    )
    .await;
    tour.ok("GET", "/channels/{channel_id}", &[thread], Value::Null)
        .await;
    let active = tour
        .ok(
            "GET",
            "/guilds/{guild_id}/threads/active",
            &[guild_id],
            Value::Null,
        )
        .await;
    assert_eq!(active["threads"].as_array().unwrap().len(), 1);
    tour.ok("DELETE", "/channels/{channel_id}", &[channel], Value::Null)
        .await;
    let gone = tour
        .visit("GET", "/channels/{channel_id}", &[channel], "", Value::Null)
        .await;
    assert_eq!(gone.body["code"], 10_003);
}

async fn members(tour: &mut Tour, guild: &GuildView) {
    let guild_id = guild.id.to_string();
    for part in ["", "/channels", "/roles", "/emojis"] {
        tour.ok(
            "GET",
            &format!("/guilds/{{guild_id}}{part}"),
            &[&guild_id],
            Value::Null,
        )
        .await;
    }
    let [first, second, third, fourth] = [0, 1, 2, 3].map(|at| guild.plain_members[at].to_string());
    let one = "/guilds/{guild_id}/members/{user_id}";
    tour.visit(
        "GET",
        "/guilds/{guild_id}/members",
        &[&guild_id],
        "?limit=5",
        Value::Null,
    )
    .await;
    tour.ok("GET", one, &[&guild_id, &first], Value::Null).await;
    let until =
        json!({ "communication_disabled_until": "2026-01-01T00:00:00.000000+00:00", "nick": "quiet" });
    tour.ok("PATCH", one, &[&guild_id, &first], until).await;
    let role = guild.plain_roles[0].to_string();
    let roles = "/guilds/{guild_id}/members/{user_id}/roles/{role_id}";
    tour.ok("PUT", roles, &[&guild_id, &first, &role], Value::Null)
        .await;
    tour.ok("DELETE", roles, &[&guild_id, &first, &role], Value::Null)
        .await;
    tour.ok("DELETE", one, &[&guild_id, &first], Value::Null).await;
    let gone = tour
        .visit("GET", one, &[&guild_id, &first], "", Value::Null)
        .await;
    assert_eq!(gone.body["code"], 10_007);
    bans(tour, &guild_id, [&second, &third, &fourth]).await;
}

async fn bans(tour: &mut Tour, guild_id: &str, [second, third, fourth]: [&str; 3]) {
    let ban = "/guilds/{guild_id}/bans/{user_id}";
    tour.ok(
        "PUT",
        ban,
        &[guild_id, second],
        json!({ "delete_message_seconds": 3600 }),
    )
    .await;
    tour.ok("GET", ban, &[guild_id, second], Value::Null).await;
    tour.ok("GET", "/guilds/{guild_id}/bans", &[guild_id], Value::Null)
        .await;
    tour.ok("DELETE", ban, &[guild_id, second], Value::Null).await;
    assert_eq!(
        tour.visit("GET", ban, &[guild_id, second], "", Value::Null)
            .await
            .body["code"],
        10_026
    );
    let users = json!({ "user_ids": [third, fourth], "delete_message_seconds": 0 });
    tour.ok("POST", "/guilds/{guild_id}/bulk-ban", &[guild_id], users)
        .await;
    let log = tour
        .ok("GET", "/guilds/{guild_id}/audit-logs", &[guild_id], Value::Null)
        .await;
    assert!(log["audit_log_entries"].as_array().unwrap().len() >= 6);
}

async fn interactions(tour: &mut Tour, simulator: &Simulator, guild: &GuildView) {
    let (channel, user) = (guild.text_channels[0], guild.owner);
    let application = simulator.bot().to_string();
    let invoke = || {
        let data = json!({ "id": "1", "name": "modreport", "type": 1 });
        let id = simulator
            .act(Act::Interact {
                channel,
                user,
                kind: 2,
                data,
                message: None,
            })
            .unwrap();
        (id.to_string(), simulator.interaction_token(id).unwrap())
    };
    let callback = "/interactions/{interaction_id}/{interaction_token}/callback";
    let (id, token) = invoke();
    let answer = json!({ "type": 4, "data": { "content": "done", "flags": 64 } });
    let path = [id.as_str(), token.as_str()];
    let response = tour
        .visit("POST", callback, &path, "?with_response=true", answer.clone())
        .await;
    assert_eq!(response.status, 200);
    assert_eq!(
        tour.visit("POST", callback, &path, "", answer).await.body["code"],
        40_060
    );
    let (id, token) = invoke();
    tour.ok("POST", callback, &[&id, &token], json!({ "type": 5 }))
        .await;
    let original = "/webhooks/{webhook_id}/{webhook_token}/messages/@original";
    let hook = [application.as_str(), token.as_str()];
    tour.ok("PATCH", original, &hook, json!({ "content": "slow but done" }))
        .await;
    tour.ok("GET", original, &hook, Value::Null).await;
    let path = "/webhooks/{webhook_id}/{webhook_token}";
    let follow_up = tour
        .visit("POST", path, &hook, "?wait=true", json!({ "content": "more" }))
        .await
        .body;
    let one = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}";
    let message = [hook[0], hook[1], follow_up["id"].as_str().unwrap()];
    tour.ok("PATCH", one, &message, json!({ "content": "even more" }))
        .await;
    tour.ok("DELETE", one, &message, Value::Null).await;
    tour.ok("DELETE", original, &hook, Value::Null).await;
}
