//! The outside systems: how they are called, how often, with which token, and what their answers mean.
//!
//! Every call goes through one policy stack, in this order: deadline, limiter, breaker, auth, attempt with
//! timeout, classify, retry. The decisions are pure functions of (state, input, now); the edge only carries
//! them out.
//!
//! # Layout
//!
//! - [`Directory`]: all configured targets; profiles and write-backs by name
//! - [`ProfileKey`], [`Found`]: customers, by whatever is known of them, as the mapping of a target says
//! - [`SourceQuestion`], [`SourceAnswer`]: what any HTTP service knows, as `[enrichment.sources]` says; one
//!   [`SourceExchange`] is one question with its answer, for people
//! - [`Described`]: what a target has of the objects and fields that are configured
//! - [`writes`]: commands, checked; what they would change; how they are carried out
//! - [`CallError`], [`Event`], [`metrics`]: what callers, operators and dashboards get to know
//! - `systems`: one folder a system, with the HTTP behind the catalogue of `trunkline-systems`
//! - the stack: [`Outbound`], and its pure parts [`limiter`], [`feedback`], [`breaker`], [`token`],
//!   [`classify`], [`budget`]
//! - [`encode`]: values from outside, kept values in every query language

pub mod breaker;
pub mod budget;
pub mod classify;
pub mod directory;
pub mod encode;
pub mod feedback;
pub mod identity;
mod limiter;
pub mod metrics;
pub mod report;
pub mod token;
pub mod writes;

mod assertion;
mod attempt_span;
mod authorization;
mod call;
mod connection;
mod correlation;
mod describe;
mod description;
mod discovery;
mod endpoint;
mod error;
mod event;
mod failure;
mod login_refused;
mod lookup;
mod lookup_error;
mod outbound;
mod password;
mod profile_part;
mod quota;
mod record;
mod refused_lookups;
mod request;
mod retry;
mod search_memory;
mod sources;
mod systems;
mod terms;
#[cfg(test)]
mod testing;
mod throttle;
mod token_endpoint;
mod token_manager;
mod window;
mod wire;
mod write_calls;

pub use describe::{Checked, Described};
pub use directory::{Directory, EndpointStatus};
pub use error::{CallError, CallErrorKind};
pub use event::Event;
pub use lookup::{Depth, Found, FoundCustomer, ProfileKey};
pub use lookup_error::LookupError;
pub use outbound::Outbound;
pub use profile_part::Exchange;
pub use quota::{Role, TooSmall};
pub use report::Reporter;
pub use request::{Request, Response};
pub use retry::Repeat;
pub use sources::{SourceAnswer, SourceExchange, SourceQuestion};
