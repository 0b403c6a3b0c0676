//! A contact-centre day, and an open-loop load generator that plays it against ingest.
//!
//! Deliveries are due when they are due, however slow the answers are. Latency counts from the scheduled time, so a
//! stall shows in every delivery that had to wait for it (no coordinated omission). What is refused for now (429, 5xx,
//! no connection, no answer) is sent again, byte for byte, a bounded number of times, as the platforms do. Every
//! delivery ends as one line of the [`ledger`].
//!
//! # Layout
//!
//! - [`generator`]: the day, as deliveries in the platforms' own shapes
//! - [`customers`]: the business facts of those who call; the simulated CRMs agree on them
//! - [`numbers`]: the numbers that each CRM has of them
//! - [`external_contact`]: by what the simulated Genesys knows them
//! - [`leads`]: what leads from an event to a customer's records, for whoever judges who was found
//! - [`sign`]: how deliveries prove where they come from; [`secret_file`] keeps what they need for it
//! - [`play`], [`LoadSettings`]: plays deliveries; [`Progress`] counts them while that goes on
//! - [`ledger`]: what came of each delivery
//! - [`clock`]: the wall clock

mod attempt;
pub mod clock;
pub mod customers;
pub mod external_contact;
pub mod generator;
pub mod leads;
pub mod ledger;
mod load_settings;
pub mod numbers;
mod play;
mod progress;
pub mod secret_file;
pub mod sign;

pub use clock::now_ms;
pub use load_settings::LoadSettings;
pub use play::{Error, play};
pub use progress::{Counts, Latencies, Progress};
