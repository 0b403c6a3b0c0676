//! The outside systems: how they are called, how often, with which token, and what their answers mean.
//!
//! Every call goes through one policy stack, in this order: deadline, limiter, breaker, auth, attempt with
//! timeout, classify, retry. The decisions are pure functions of (state, input, now); the edge only carries
//! them out.
//!
//! # Layout
//!
//! - [`Directory`]: all configured targets; profiles and write-backs by name
//! - [`profile`]: what systems know of a customer, one by one and together
//! - [`writes`]: what can be written, what it guarantees, what it would change
//! - [`CallError`], [`Event`], [`metrics`]: what callers, operators and dashboards hear
//! - the systems: [`genesys`], [`salesforce`], [`sap`], [`servicenow`]
//! - the stack: [`Outbound`], and its pure parts [`limiter`], [`feedback`], [`breaker`], [`token`], [`classify`],
//!   [`backoff`], [`budget`]
//! - [`encode`]: values from outside, kept values in every query language

pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod classify;
pub mod directory;
pub mod encode;
pub mod feedback;
pub mod genesys;
pub mod limiter;
pub mod metrics;
pub mod profile;
pub mod report;
pub mod salesforce;
pub mod sap;
pub mod servicenow;
pub mod token;
pub mod writes;

mod call;
mod course;
mod endpoint;
mod error;
mod event;
mod gate;
mod lookup;
mod outbound;
mod quota;
#[cfg(test)]
mod testing;
mod token_endpoint;
mod token_manager;
mod window;
mod wire;

pub use course::Repeat;
pub use directory::{Directory, EndpointStatus};
pub use error::{CallError, CallErrorKind};
pub use event::Event;
pub use outbound::{Outbound, Request, Response};
pub use profile::{ProfileData, ProfilePart};
pub use quota::{Role, TooSmall};
pub use report::Reporter;
