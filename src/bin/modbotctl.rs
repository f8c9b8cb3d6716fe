//! The `modbotctl` entry point.

fn main() {}
