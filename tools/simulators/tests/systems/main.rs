//! Each simulator against its platform's contract, then all of them behind their listeners, then the load generator.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod cxone;
mod genesys;
mod salesforce;
mod sap;
mod server;
mod servicenow;
mod support;
