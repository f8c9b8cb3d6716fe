//! The `gateway` entry point.

fn main() {}
