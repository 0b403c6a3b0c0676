//! An open-loop load generator: deliveries are due when they are due, however slow the answers are.
//!
//! Latency counts from the scheduled time, so a stall shows in every delivery that had to wait for it (no coordinated
//! omission). What is refused for now (429, 5xx, no connection, no answer) is sent again, byte for byte, a bounded
//! number of times, as the platforms do. Every delivery ends as one line of the [`ledger`].

mod attempt;
pub mod ledger;
mod play;
mod progress;

pub use play::{Error, LoadSettings, play};
pub use progress::{Counts, Latencies, Progress};
