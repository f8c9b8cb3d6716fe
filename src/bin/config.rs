//! The `modbot-config` entry point.

use std::process::ExitCode;

fn main() -> ExitCode {
    modbot::runtime::daemon::main::<modbot::config_service::Config>()
}
