//! Starting: four listeners on loopback.

use std::io;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::{Simulator, Urls};
use crate::simulator::clock::Clock;
use crate::simulator::ledger::Via;
use crate::simulator::settings::Settings;
use crate::simulator::state::{Shared, State};
use crate::simulator::{control, gateway, rest};

/// Why it could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A port is taken or may not be used.
    #[error("the simulated Discord cannot listen on 127.0.0.1:{port} ({purpose})")]
    Listen {
        /// The port asked for; 0 any.
        port: u16,
        /// What it is for.
        purpose: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

async fn listen(port: u16, purpose: &'static str) -> Result<(TcpListener, u16), StartError> {
    let failed = |source| StartError::Listen {
        port,
        purpose,
        source,
    };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(failed)?;
    let port = listener.local_addr().map_err(failed)?.port();
    Ok((listener, port))
}

impl Simulator {
    /// Makes the world and listens.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let ports = settings.ports.clone();
        let (main, main_port) = listen(ports.gateway, "gateway").await?;
        let (resume, resume_port) = listen(ports.resume_gateway, "resume gateway").await?;
        let (api, api_port) = listen(ports.rest, "REST API").await?;
        let (operator, operator_port) = listen(ports.control, "control API").await?;
        let urls = Urls {
            gateway: format!("ws://127.0.0.1:{main_port}"),
            resume_gateway: format!("ws://127.0.0.1:{resume_port}"),
            rest: format!("http://127.0.0.1:{api_port}"),
            control: format!("http://127.0.0.1:{operator_port}"),
        };
        let clock = Clock::start(settings.clock_stands);
        let state = State::new(Arc::new(settings), Arc::new(clock), urls);
        let shared = Arc::new(Shared::new(state));
        let tasks = &shared.tasks;
        tasks.spawn(gateway::listener::accept(Arc::clone(&shared), main, Via::Gateway));
        tasks.spawn(gateway::listener::accept(
            Arc::clone(&shared),
            resume,
            Via::ResumeUrl,
        ));
        tasks.spawn(rest::serve::serve(Arc::clone(&shared), api));
        tasks.spawn(control::serve(Arc::clone(&shared), operator));
        Ok(Self { shared })
    }
}
