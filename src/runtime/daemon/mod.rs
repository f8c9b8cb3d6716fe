//! One daemon from start to end: settings, logs, ports, probes, signals. The three daemons only say what
//! they serve.

mod command_line;
mod contract;
mod run;
mod shell;

pub use contract::{Daemon, Shell};
pub use run::main;

/// The exit status for wrong settings (`EX_CONFIG`); nothing was started.
pub const EXIT_CONFIG: u8 = 78;
