//! The outside world of Trunkline, as far as a developer's machine needs one.
//!
//! Five systems answer over HTTP as the real ones do (tokens, errors, limits, headers), each with an audit log and a
//! fault profile; a seeded generator plays a contact-centre day as the platforms would deliver it; an open-loop load
//! generator posts that day to ingest and keeps a ledger of what came of it.
//!
//! # Layout
//!
//! - [`Sandbox`]: starts the simulators, each on its own listener, and the admin listener.
//! - [`SandboxSettings`], [`Credentials`], [`FaultProfile`], [`quota`]: what can be chosen.
//! - [`audit`]: one entry per request that a simulator answered.
//! - [`customers`]: the business facts that the simulated CRMs agree on.
//! - [`http`], [`Simulator`]: a system is a pure function from request and time to answer.
//! - `genesys`, `cxone`, `salesforce`, `sap`, `servicenow`: the systems.
//! - [`generator`]: the day, as deliveries in the platforms' own shapes.
//! - [`sign`]: how those deliveries prove where they come from.
//! - [`load`]: the load generator and its ledger.

pub mod audit;
mod clock;
mod credentials;
pub mod customers;
mod cxone;
mod fault;
pub mod generator;
mod genesys;
pub mod http;
pub mod load;
mod oauth;
mod percent;
pub mod quota;
mod salesforce;
mod sap;
mod server;
mod servicenow;
mod settings;
pub mod sign;
mod simulator;
mod system;
mod token;

pub use clock::now_ms;
pub use credentials::Credentials;
pub use cxone::Cxone;
pub use fault::FaultProfile;
pub use genesys::Genesys;
pub use salesforce::Salesforce;
pub use sap::Sap;
pub use server::{Addresses, Sandbox};
pub use servicenow::ServiceNow;
pub use settings::{Latency, SandboxSettings};
pub use simulator::Simulator;
pub use system::System;
