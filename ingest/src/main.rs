//! The `ingest` binary.

fn main() {}
