//! A client written by others: discord.py. `scripts/discordpy/run` installs it and runs this.

use std::path::Path;
use std::process::Stdio;

use modbot::simulator::ledger::EffectKind;
use modbot::simulator::{Act, Fault, Load, Mix, Simulator, Snowflake, Target};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{PATIENCE, settings, start};

/// What the client says, line by line, and the ids of the messages it has seen.
struct Said {
    lines: Lines<BufReader<ChildStdout>>,
    messages: Vec<Snowflake>,
}

impl Said {
    /// The next line that begins so; others are passed over.
    async fn line(&mut self, start: &str) -> String {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the client goes on");
                if let Some(id) = line.strip_prefix("message ") {
                    self.messages.push(id.parse().unwrap());
                }
                if line.starts_with(start) {
                    return line;
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("discord.py never said {start:?}"))
    }
}

/// Starts the client.
fn client(simulator: &Simulator) -> (Child, Said) {
    let python = std::env::var("MODBOT_DISCORDPY").expect("MODBOT_DISCORDPY: a python that has discord.py");
    let urls = simulator.urls();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/discordpy/client.py");
    let mut child = Command::new(python)
        .arg(script)
        .args([&urls.rest, &urls.gateway, &simulator.token()])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let said = Said {
        lines,
        messages: Vec::new(),
    };
    (child, said)
}

/// A member misbehaves and the bot acts on it.
async fn it_moderates(simulator: &Simulator, said: &mut Said) {
    let guilds = simulator.guilds();
    let guild = guilds
        .iter()
        .max_by_key(|guild| guild.plain_members.len())
        .unwrap();
    let (channel, user) = (guild.text_channels[0], guild.plain_members[0]);
    let say = json!({ "act": "say", "channel": channel, "user": user, "content": "misbehave" });
    let message = simulator
        .act(serde_json::from_value::<Act>(say).unwrap())
        .unwrap();
    said.line("moderated").await;
    assert!(simulator.message(channel, message).is_none());
    assert!(
        simulator
            .member(guild.id, user)
            .unwrap()
            .timeout_until_ms
            .is_some()
    );
    let kinds: Vec<EffectKind> = simulator
        .ledger()
        .effects
        .iter()
        .map(|effect| effect.kind)
        .collect();
    let wanted = [
        EffectKind::MessageCreated,
        EffectKind::ReactionAdded,
        EffectKind::ThreadCreated,
        EffectKind::MessageCreated,
        EffectKind::MemberTimedOut,
        EffectKind::MessageDeleted,
    ];
    assert_eq!(kinds, wanted);
}

#[tokio::test]
#[ignore = "needs discord.py: scripts/discordpy/run"]
async fn discord_py_connects_receives_moderates_and_resumes() {
    let simulator = start(settings()).await;
    let (mut child, mut said) = client(&simulator);
    let guilds = simulator.guilds();
    let members: usize = guilds.iter().map(|guild| guild.members.len() + 1).sum();
    assert_eq!(
        said.line("ready").await,
        format!("ready {} {members}", guilds.len())
    );
    assert!(simulator.ledger().connections[0].compressed);
    it_moderates(&simulator, &mut said).await;

    let messages = Load {
        mix: Mix::MESSAGES,
        ..Load::default()
    };
    for fault in [
        Fault::Reset { target: Target::All },
        Fault::Reconnect { target: Target::All },
    ] {
        simulator.fault(fault);
        simulator.burst(&messages, 20);
        said.line("resumed").await;
    }
    simulator.quiet(PATIENCE).await.unwrap();
    let ledger = simulator.ledger();
    assert_eq!((ledger.identifies(), ledger.resumes()), (1, 2));
    let mut sent: Vec<Snowflake> = ledger
        .named("MESSAGE_CREATE")
        .filter_map(|event| event.subject)
        .collect();
    while said.messages.len() < sent.len() {
        said.line("message").await;
    }
    // It runs its handlers side by side, so only their number and kind can be compared.
    sent.sort_unstable();
    said.messages.sort_unstable();
    assert_eq!(said.messages, sent);
    child.kill().await.unwrap();
}
