//! Chaos on the real thing: three brokers, three processors, a load, and for a while everything that can go wrong does;
//! then the verifier judges what is left.
//!
//! # Layout
//!
//! - [`run`]: one run from beginning to end, with [`Outcome`] for its report
//! - [`world`]: what can go wrong in the world, and where it is played; data
//! - [`fault`], [`kind`], [`schedule`]: what goes wrong in a run, and when; pure
//! - [`test_bed`]: everything that is broken
//!   - [`cluster`]: the brokers
//!   - [`small_disk`]: a disk that can be filled
//!   - [`proxy`], [`link`]: the connections between processors and brokers; [`frame`] reads what passes
//! - [`breaking`]: does what the schedule says
//! - [`journal`], [`takeover`]: what came of it
//! - [`cases`]: one fault in a run of its own; [`clock`]: a wall clock that is set wrong

pub mod breaking;
pub mod cases;
pub mod clock;
pub mod cluster;
pub mod fault;
pub mod frame;
pub mod journal;
pub mod kind;
pub mod link;
pub mod outcome;
pub mod proxy;
pub mod schedule;
pub mod small_disk;
pub mod takeover;
pub mod test_bed;
pub mod world;

mod connection;
mod run;

pub use outcome::Outcome;
pub use run::{Settings, run};
