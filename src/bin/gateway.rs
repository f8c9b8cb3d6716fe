//! The `modbot-gateway` entry point.

use std::process::ExitCode;

fn main() -> ExitCode {
    modbot::runtime::daemon::main::<modbot::gateway_service::Gateway>()
}
