//! Runs a daemon: settings, logs, ports, probes, then until a signal.

use std::process::ExitCode;

use tokio::net::TcpListener;

use super::command_line::{log_settings, refuse, usage};
use super::shell::AllSettings;
use super::{Daemon, Shell};
use crate::runtime::admin::{self, Admin};
use crate::runtime::background::Loops;
use crate::runtime::error_chain::Chain;
use crate::runtime::lifecycle::{Lifecycle, Signals, StopSignal};
use crate::runtime::metrics::Metrics;
use crate::runtime::readiness::Readiness;
use crate::runtime::server::{self, Limits, ServerMetrics};
use crate::runtime::settings::{Environment, Loaded};
use crate::runtime::telemetry::{self, LogFilter};
use crate::runtime::{build_info, files};

/// Why a daemon ended that should not have.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error("cannot start the runtime")]
    Runtime(#[source] std::io::Error),
    #[error("cannot listen on {address} ({variable})")]
    Bind {
        variable: &'static str,
        address: std::net::SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot listen for signals")]
    Signals(#[source] std::io::Error),
    #[error("cannot write the address file (MODBOT_ADDR_FILE)")]
    AddrFile(#[source] files::FileError),
    #[error("cannot start")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The whole of a daemon's `main`. Exit status: 0 after a stop in order, 1 where it cannot run, 2 for a wrong
/// command line, 78 for wrong settings, 130 or 143 after a second signal.
pub fn main<D: Daemon>() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    let loaded = match usage::<D>(&args, &Environment) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let log_filter = match telemetry::start(loaded.settings.shell.filter()) {
        Ok(handle) => handle,
        Err(error) => return refuse(&format!("{}: {error}", D::NAME), 1),
    };
    match run::<D>(loaded, log_filter) {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(signal)) => ExitCode::from(signal.exit_code()),
        Err(error) => {
            tracing::error!(error = %Chain(&error), "{} cannot run", D::NAME);
            ExitCode::FAILURE
        }
    }
}

type LoadedFor<D> = Loaded<AllSettings<<D as Daemon>::Settings>>;

fn run<D: Daemon>(loaded: LoadedFor<D>, log_filter: LogFilter) -> Result<Option<StopSignal>, RunError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?;
    let ended = runtime.block_on(serve::<D>(loaded, log_filter));
    // After the deadline or a second signal nothing is waited for, not even blocking work.
    runtime.shutdown_background();
    ended
}

async fn serve<D: Daemon>(
    loaded: LoadedFor<D>,
    log_filter: LogFilter,
) -> Result<Option<StopSignal>, RunError> {
    let mut signals = Signals::listen().map_err(RunError::Signals)?;
    let settings = &loaded.settings.shell;
    let (api, api_addr) = bind("MODBOT_LISTEN", settings.listen).await?;
    let (admin, admin_addr) = bind("MODBOT_ADMIN_LISTEN", settings.admin_listen).await?;
    tracing::info!(
        name = D::NAME,
        version = build_info::VERSION,
        sha = build_info::GIT_SHA,
        listen = %api_addr,
        admin_listen = %admin_addr,
        "starting"
    );
    log_settings(&loaded.effective, &loaded.unknown);
    let times = settings.stop_times();
    let addr_file = settings.addr_file.clone();

    let lifecycle = Lifecycle::default();
    let metrics = Metrics::new(D::NAME);
    let shell = Shell {
        loops: Loops::new(&metrics),
        metrics,
        readiness: Readiness::new(lifecycle.stopping.clone()),
        limits: settings.limits(),
        lifecycle,
    };
    let server_metrics = ServerMetrics::new(&shell.metrics);
    let started = shell.readiness.check("started");
    serve_admin(admin, D::NAME, &shell, log_filter, &server_metrics);
    let routes = D::start(loaded.settings.own, &shell)
        .await
        .map_err(|error| RunError::Start(Box::new(error)))?;
    let routes = server::framed(routes, shell.limits, server_metrics.clone());
    let (drain, tasks) = (shell.lifecycle.draining.clone(), shell.lifecycle.tasks.clone());
    let accepting = server::serve(api, routes, shell.limits, server_metrics, drain, tasks.clone());
    tasks.spawn(accepting);
    started.ok();
    if let Some(path) = addr_file {
        let addresses = serde_json::json!({"api": api_addr, "admin": admin_addr, "pid": std::process::id()});
        files::write_atomic(&path, addresses.to_string().as_bytes(), 0o644).map_err(RunError::AddrFile)?;
    }
    Ok(shell.lifecycle.run(&mut signals, times).await.err())
}

/// The admin port answers until the very end, outside of what a stop waits for.
fn serve_admin(
    listener: TcpListener,
    name: &'static str,
    shell: &Shell,
    log_filter: LogFilter,
    server_metrics: &ServerMetrics,
) {
    let routes = admin::router(Admin {
        name,
        readiness: shell.readiness.clone(),
        metrics: shell.metrics.clone(),
        loops: shell.loops.clone(),
        log_filter,
    });
    let routes = server::framed(routes, Limits::ADMIN, server_metrics.clone());
    let never = tokio_util::sync::CancellationToken::new();
    let apart = tokio_util::task::TaskTracker::new();
    tokio::spawn(server::serve(
        listener,
        routes,
        Limits::ADMIN,
        server_metrics.clone(),
        never,
        apart,
    ));
}

async fn bind(
    variable: &'static str,
    address: std::net::SocketAddr,
) -> Result<(TcpListener, std::net::SocketAddr), RunError> {
    let refused = |source| RunError::Bind {
        variable,
        address,
        source,
    };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
