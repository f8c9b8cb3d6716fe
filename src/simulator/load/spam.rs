//! Spam waves: accounts that say the same thing everywhere.

use serde::{Deserialize, Serialize};

use crate::simulator::acts::{Act, Say};
use crate::simulator::snowflake::Snowflake;
use crate::simulator::state::State;

/// A wave: new accounts join guilds and post one text in several channels of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpamWave {
    /// What the choice of guilds is drawn from.
    pub seed: u64,
    /// Accounts.
    pub users: usize,
    /// Guilds that each of them joins.
    pub guilds: usize,
    /// Messages that each posts in each guild, in as many channels as there are.
    pub messages: usize,
    /// What they say.
    pub content: String,
}

/// A message of a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SpamMessage {
    pub guild: Snowflake,
    pub channel: Snowflake,
    pub user: Snowflake,
    pub message: Snowflake,
}

impl Default for SpamWave {
    fn default() -> Self {
        Self {
            seed: 1,
            users: 5,
            guilds: 3,
            messages: 4,
            content: "@everyone free nitro https://dlscord-gift.example/claim".to_owned(),
        }
    }
}

impl State {
    /// Lets a wave happen. Returns its messages in order.
    pub(in crate::simulator) fn spam_wave(&mut self, wave: &SpamWave) -> Vec<SpamMessage> {
        let mut rng = fastrand::Rng::with_seed(wave.seed);
        let mut guilds = self.guild_views();
        let mut posted = Vec::new();
        for number in 0..wave.users {
            let user = self.new_user(format!("spammer{number}"));
            rng.shuffle(&mut guilds);
            for guild in guilds.iter().take(wave.guilds) {
                self.join(guild.id, user);
                let channels = guild.text_channels.iter().copied().cycle().take(wave.messages);
                for channel in channels {
                    let say = Say {
                        channel,
                        user,
                        content: wave.content.clone(),
                        ..Say::default()
                    };
                    if let Ok(message) = self.act(Act::Say(say)) {
                        posted.push(SpamMessage {
                            guild: guild.id,
                            channel,
                            user,
                            message,
                        });
                    }
                }
            }
        }
        posted
    }
}
