//! Rules: routing and write-backs as CEL expressions, compiled from the configuration and evaluated on events.
//!
//! Pure: an event and a time give an outcome. The processor applies the rules, `trunkline rules` checks and tests them;
//! both by this code.
//!
//! # Layout
//!
//! - [`RuleSet`]: all rules of one configuration
//!   - `routing`, `write_back`: the two steps, and one rule of each kind
//!   - `enrichment`: which events get a profile
//!   - `by_event`: rules by the types of events that they look at
//!   - `expression`, `environment`: CEL, evaluated to the type that its place asks for
//!   - `variables`: what expressions see of an event
//!   - `issue`: what a step wants, as what is published
//! - [`Outcome`]: what comes of an event
//! - [`notes()`]: what is allowed in rules but probably not meant
//! - [`cases`]: rules tried on events that a test file describes

pub mod cases;

mod by_event;
mod enrichment;
mod environment;
mod error;
mod expression;
mod issue;
mod notes;
mod outcome;
mod routing;
mod rule_set;
mod variables;
mod write_back;

pub use error::RuleError;
pub use notes::{Note, notes};
pub use outcome::Outcome;
pub use rule_set::{Answer, RuleSet, Unanswered};
