//! The outside world of Trunkline, as far as a developer's machine needs one.
//!
//! Five systems answer over HTTP as the real ones do (tokens, errors, limits, headers), each with an audit log and a
//! fault profile. The customers that they agree on are those of `trunkline-load`, which plays a contact-centre day
//! against ingest; the `sandbox` binary does both.
//!
//! # Layout
//!
//! - [`Sandbox`]: starts the simulators, each on its own listener, and the admin listener.
//! - [`SandboxSettings`], [`Credentials`], [`OwnField`], [`FaultProfile`], [`quota`]: what can be chosen.
//! - [`audit`]: one entry per request that a simulator answered.
//! - [`http`], [`Simulator`]: a system is a pure function from request and time to answer.
//! - `genesys`, `cxone`, `salesforce`, `sap`, `servicenow`: the systems.

pub mod audit;
mod credentials;
mod cxone;
mod fault;
mod genesys;
pub mod http;
mod oauth;
mod own_fields;
mod percent;
pub mod quota;
mod rsa_key;
mod salesforce;
mod sap;
mod server;
mod servicenow;
mod settings;
mod simulator;
mod system;
mod token;

pub use credentials::Credentials;
pub use cxone::Cxone;
pub use fault::FaultProfile;
pub use genesys::Genesys;
pub use own_fields::{Fact, OwnField};
pub use salesforce::Salesforce;
pub use sap::Sap;
pub use server::{Addresses, Sandbox};
pub use servicenow::ServiceNow;
pub use settings::{Latency, SandboxSettings};
pub use simulator::Simulator;
pub use system::System;
