//! The `config` entry point.

fn main() {}
