//! What the end-to-end tests stand on: the real binaries on a real broker and registry, each test under its own topic
//! prefix, with the sandbox for the outside world and the verifier for a judge.
//!
//! `./run test` starts broker and registry and says where they are; see [`Environment`].
//!
//! # Layout
//!
//! - [`Environment`]: the addresses and binaries that a test run has
//! - [`Deployment`]: configuration, topics, sandbox and programs of one test
//! - [`PlayedDay`]: a contact centre's day, played into a deployment and judged
//! - [`Program`]: one running binary: its log, how it is killed and how it is asked to stop
//! - [`Reply`]: what ingest answered
//! - [`payloads`]: payloads as the platforms send them, with ids of the test's choosing
//! - [`Variation`]: in what a deployment differs from the others
//! - [`scram_broker`]: a broker of one's own that asks for a password
//! - [`topics`]: committed records as named fields, by the verifier's own decoder
//! - [`until`]: waits for a condition, never for a time

mod configuration;
mod day;
mod deployment;
mod environment;
mod program;
mod reply;
pub mod scram_broker;
pub mod topics;
mod variation;
mod wait;

pub use day::PlayedDay;
pub use deployment::Deployment;
pub use environment::Environment;
pub use program::Program;
pub use reply::Reply;
pub use trunkline_rig::payloads;
pub use variation::Variation;
pub use wait::until;
