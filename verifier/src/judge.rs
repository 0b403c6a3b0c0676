//! One pure judge per invariant.

pub mod accepted;
pub mod answers;
pub mod breaker;
pub mod effects;
pub mod exactly_once;
pub mod in_flight;
pub mod order;
pub mod quarantine;
pub mod quota;
pub mod secrets;
pub mod state;
