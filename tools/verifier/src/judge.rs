//! One pure judge per invariant.

pub mod accepted;
pub mod answers;
pub mod breaker;
pub mod commands;
pub mod customers;
pub mod decisions;
pub mod effects;
pub mod exactly_once;
pub mod facts;
pub mod fields;
pub mod figures;
pub mod in_flight;
pub mod operation;
pub mod order;
pub mod profiles;
pub mod quarantine;
pub mod quota;
pub mod repeats;
pub mod secrets;
pub mod state;
mod systems;
pub mod values;
pub mod writes;
