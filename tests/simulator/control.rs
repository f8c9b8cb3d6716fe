//! The control API, as an operator uses it.

use modbot::simulator::Simulator;
use serde_json::{Value, json};

use super::twilight::{Client, Plan};
use super::{PATIENCE, settings, start};

struct Operator {
    http: reqwest::Client,
    base: String,
}

impl Operator {
    fn of(simulator: &Simulator) -> Self {
        Self {
            http: reqwest::Client::new(),
            base: format!("{}/control", simulator.urls().control),
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.http
            .get(format!("{}{path}", self.base))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }
}

#[tokio::test]
async fn an_operator_sees_acts_breaks_and_loads_over_http() {
    let simulator = start(settings()).await;
    let operator = Operator::of(&simulator);
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    let overview = operator.get("").await;
    assert_eq!(overview["summary"]["live_sessions"], 1);
    assert_eq!(overview["urls"]["gateway"], json!(simulator.urls().gateway));
    let guild = operator.get("/guilds").await[0].clone();
    let say = json!({
        "act": "say", "channel": guild["text_channels"][0], "user": guild["members"][0], "content": "hello",
    });
    let message = operator.post("/acts", say).await["id"].clone();
    assert_eq!(client.event("MESSAGE_CREATE").await.data["id"], message);
    let nobody = operator
        .post("/acts", json!({ "act": "leave", "guild": "1", "user": "2" }))
        .await;
    assert!(
        nobody["error"].as_str().unwrap().contains("changes nothing"),
        "{nobody}"
    );
    assert_eq!(
        operator.post("/faults", json!({ "fault": "drop" })).await["met"],
        1
    );
    simulator
        .wait_for("a resume", PATIENCE, |ledger| ledger.resumes() == 1)
        .await
        .unwrap();
    assert_eq!(operator.get("/sessions").await[0]["attached"], true);
}

#[tokio::test]
async fn an_operator_makes_traffic_and_reads_the_ledger_over_http() {
    let simulator = start(settings()).await;
    let operator = Operator::of(&simulator);
    let wave = operator
        .post("/spam-waves", json!({ "users": 2, "guilds": 2, "messages": 3 }))
        .await;
    assert_eq!(wave["messages"].as_array().unwrap().len(), 12);
    let page = operator.get("/ledger?table=events&from=2&limit=3").await;
    assert_eq!(
        (
            page["rows"].as_array().unwrap().len(),
            page["rows"][0]["no"].clone()
        ),
        (3, json!(3))
    );
    assert!(
        operator.get("/ledger?table=nothing").await["error"]
            .as_str()
            .unwrap()
            .starts_with("table must be")
    );
    operator.post("/load", json!({ "acts_per_s": 500.0 })).await;
    let before = simulator.ledger().events.len();
    simulator
        .wait_for("load", PATIENCE, |ledger| ledger.events.len() > before + 20)
        .await
        .unwrap();
    let stopped = operator
        .http
        .delete(format!("{}/load", operator.base))
        .send()
        .await
        .unwrap();
    assert!(stopped.json::<Value>().await.unwrap()["acts"].as_u64().unwrap() >= 20);
    let clock = operator.post("/clock", json!({ "advance_ms": 1000 })).await;
    assert!(clock["now_ms"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let simulator = start(settings()).await;
    let taken: u16 = simulator.urls().rest.rsplit(':').next().unwrap().parse().unwrap();
    let mut second = settings();
    second.ports.rest = taken;
    let error = Simulator::start(second).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        format!("the simulated Discord cannot listen on 127.0.0.1:{taken} (REST API)")
    );
}

#[tokio::test]
async fn stopping_frees_the_ports_and_breaks_connections_resumably() {
    let simulator = start(settings()).await;
    let client = Client::connect(&simulator, Plan::default());
    client.event("READY").await;
    let urls = simulator.urls();
    simulator.stop().await;
    client
        .until("the connection to break", |seen| !seen.closed.is_empty())
        .await;
    let port: u16 = urls.gateway.rsplit(':').next().unwrap().parse().unwrap();
    tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    client.die().await;
}
