//! The `modbotctl` entry point.

fn main() -> std::process::ExitCode {
    modbot::ctl::main()
}
