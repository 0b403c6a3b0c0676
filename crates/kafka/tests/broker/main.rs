//! Against a real broker and a real registry, as `./run test` starts them. Without their addresses in the environment
//! each test says so and passes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cluster;
mod lag;
mod logs;
mod partitions;
mod produce_and_read;
mod registry;
mod registry_answers;
mod topics;
mod wait;
