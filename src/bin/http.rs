//! The `modbot-http` entry point.

use std::process::ExitCode;

fn main() -> ExitCode {
    modbot::runtime::daemon::main::<modbot::http_service::Http>()
}
