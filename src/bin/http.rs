//! The `http` entry point.

fn main() {}
