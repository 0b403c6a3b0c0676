//! The heart of the processor: one partition, from an event read to an event emitted. Pure: a function of
//! (state, input, now) that returns what it wants done, with no socket, no thread, no clock and no randomness
//! of its own. Whoever runs it gives it events, answers and the time, and carries out what it returns: the
//! processor around Kafka, a replay or a what-if around a file.
//!
//! ```text
//! events, dead letters, skipped offsets ─┐   ┌─► outputs, finished offsets, changes of state
//! profiles, answers of plugins, ticks ───┴─►─┤
//!                                   Task     └─► lookups of profiles, requests to plugins
//! ```
//!
//! # Layout
//!
//! - [`task`]: one partition
//!   - [`order`]: what may go on and what waits, in the three modes
//!   - [`conversation`]: the state machine and figures of one conversation
//!   - [`entity`]: what state keeps of one entity, event ids included
//!   - [`output`]: what a task wants published
//! - [`plugins`]: who waits for which plugin until when, and when one is turned off
//! - [`state`]: keys, values and the view of a partition's state

pub mod conversation;
pub mod entity;
pub mod order;
pub mod output;
pub mod plugins;
pub mod state;
pub mod task;

pub use output::Output;
pub use state::{Change, MemoryState, StateError, StateView};
pub use task::{Arrived, Context, Settings, Task};

#[cfg(test)]
extern crate self as trunkline_partition;

#[cfg(test)]
#[path = "../tests/support/events.rs"]
mod events;

#[cfg(test)]
#[path = "../tests/support/enriched.rs"]
mod enriched;
