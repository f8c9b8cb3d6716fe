//! Following the watch stream over broken connections: every change once, in order.

use std::time::Duration;

use reqwest::{Method, Response};
use tokio::time::{Instant, sleep, timeout};

use super::client::ConfigApi;
use super::error::ConfigApiError;
use super::watch::{WatchEnd, WatchLine};
use crate::domain::ids::Revision;

/// Longer than this without a line (the daemon sends one every few seconds): the connection is dead.
const SILENCE: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// One revision's changes, at most: a line longer than this is not ours.
const MAX_LINE: usize = 16 << 20;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WatchEvent {
    /// All changes up to `revision` are in these lines' `changes`, in order; there may be none.
    Line(WatchLine),
    /// Changes were missed for good: list everything anew and go on with [`Watch::restart_from`].
    Relist,
}

/// Changes from a revision on.
pub struct Watch {
    api: ConfigApi,
    cursor: Revision,
    connection: Option<Connection>,
    wait: Duration,
}

struct Connection {
    response: Response,
    buffer: Vec<u8>,
    /// How far into `buffer` there is known to be no line end.
    searched: usize,
}

impl Watch {
    pub(super) fn new(api: ConfigApi, since: Revision) -> Self {
        Self {
            api,
            cursor: since,
            connection: None,
            wait: FIRST_WAIT,
        }
    }

    /// Up to where everything has been told.
    pub fn cursor(&self) -> Revision {
        self.cursor
    }

    /// Goes on from another revision: the one that a new list stands at.
    pub fn restart_from(&mut self, since: Revision) {
        self.cursor = since;
        self.connection = None;
    }

    /// The next line. Broken connections are made anew, for ever: stop by dropping the future, which loses
    /// nothing. An error is one that trying again does not mend.
    pub async fn next(&mut self) -> Result<WatchEvent, ConfigApiError> {
        loop {
            let line = match self.line().await {
                Ok(line) => line,
                Err(error) if error.code() == Some("trimmed") => return Ok(WatchEvent::Relist),
                Err(error) if error.is_transient() => {
                    self.pause(&error).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match line {
                None => {
                    self.connection = None;
                    self.back_off().await;
                }
                Some(line) if line.end == Some(WatchEnd::Trimmed) => {
                    self.connection = None;
                    return Ok(WatchEvent::Relist);
                }
                // A daemon that reads from an older copy must not turn us back.
                Some(line) if line.revision < self.cursor => {}
                Some(line) => {
                    if line.end.is_some() {
                        self.connection = None;
                    }
                    self.wait = FIRST_WAIT;
                    self.cursor = line.revision;
                    return Ok(WatchEvent::Line(line));
                }
            }
        }
    }

    async fn pause(&mut self, error: &ConfigApiError) {
        self.connection = None;
        tracing::debug!(%error, "watch is broken; connecting again");
        self.back_off().await;
    }

    async fn back_off(&mut self) {
        let wait = self.wait;
        self.wait = (wait * 2).min(LONGEST_WAIT);
        sleep(wait).await;
    }

    /// One line; none: the connection has ended.
    async fn line(&mut self) -> Result<Option<WatchLine>, ConfigApiError> {
        if self.connection.is_none() {
            let path = format!("/v1/watch?since={}", self.cursor);
            let sent = self.api.send(Method::GET, &path, None::<&()>, None);
            let Ok(response) = timeout(SILENCE, sent).await else {
                return Ok(None);
            };
            let response = response?;
            self.api.stamp_of(&response)?;
            self.connection = Some(Connection {
                response,
                buffer: Vec::new(),
                searched: 0,
            });
        }
        match &mut self.connection {
            Some(connection) => connection.line(Instant::now() + SILENCE).await,
            None => Ok(None),
        }
    }
}

impl Connection {
    async fn line(&mut self, deadline: Instant) -> Result<Option<WatchLine>, ConfigApiError> {
        loop {
            if let Some(end) = self.buffer[self.searched..].iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
                self.searched = 0;
                return serde_json::from_slice(&line)
                    .map(Some)
                    .map_err(|error| ConfigApiError::NotOurs(error.to_string()));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > MAX_LINE {
                return Err(ConfigApiError::NotOurs("a watch line without an end".to_owned()));
            }
            match tokio::time::timeout_at(deadline, self.response.chunk()).await {
                Ok(Ok(Some(chunk))) => self.buffer.extend_from_slice(&chunk),
                // Ended, broken or silent: all the same to us.
                Ok(Ok(None) | Err(_)) | Err(_) => return Ok(None),
            }
        }
    }
}
