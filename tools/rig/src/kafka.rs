//! Brokers: their settings, how they are formatted, how they are started.
//!
//! # Layout
//!
//! - [`Java`]: the virtual machine and the classes
//! - [`properties`]: the `server.properties` of one broker of a cluster
//! - [`Broker`]: one broker's files, and its process

mod broker;
mod java;
pub mod properties;

pub use broker::Broker;
pub use java::Java;
