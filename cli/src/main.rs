//! The `trunkline` command-line tool.

fn main() {}
