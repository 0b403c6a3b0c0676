//! Why ingest did not start, or stopped.

use std::io;
use std::net::SocketAddr;

use trunkline_http::NotUsable;
use trunkline_kafka::{ProduceError, RegistryError};
use trunkline_schemas::error_codes;
use trunkline_telemetry::admin;

/// Why ingest did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The admin port.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Admin(#[from] admin::Error),
    /// The webhooks' port.
    #[error(
        "{code} cannot listen for webhooks on {address}: {source}; choose another `listen` in [ingest]",
        code = error_codes::CONFIGURATION_INVALID
    )]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The certificate of the webhooks' listener, its key, or the authorities of those who call.
    #[error("{code} {0}; see `tls` in [ingest]", code = error_codes::CONFIGURATION_INVALID)]
    Tls(#[from] NotUsable),
    /// What `[http]` says of how others are reached, by which public keys are fetched.
    #[error("{code} {0}; see [http]", code = error_codes::CONFIGURATION_INVALID)]
    Http(NotUsable),
    /// The public keys of a source.
    #[error(
        "{code} the public keys of source '{name}' cannot be used: {reason}; see docs/proofs.md",
        code = error_codes::CONFIGURATION_INVALID
    )]
    Keys {
        /// Whose they are.
        name: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The registry refuses what it is asked, or its settings cannot be used.
    #[error("{code} {0}", code = .0.code())]
    Registry(#[from] RegistryError),
    /// The registry gave no id for a schema.
    #[error(
        "{code} the registry gave no id for the schema of {0}; run `trunkline schemas plan`",
        code = error_codes::SCHEMA_INCOMPATIBLE
    )]
    Schema(&'static str),
    /// A topic is not as it must be.
    #[error("{code} {0}; run `trunkline topics plan`", code = error_codes::TOPIC_WRONG)]
    Topic(String),
    /// The producer could not be made.
    #[error("{code} {0}", code = .0.code())]
    Producer(#[from] ProduceError),
    /// The producer is beyond repair.
    #[error(
        "{code} the producer cannot go on; ingest stops so that it can be started anew",
        code = error_codes::BROKER_UNREACHABLE
    )]
    ProducerBroken,
    /// What is measured at the brokers cannot be.
    #[error("{code} cannot measure at the brokers: {0}", code = error_codes::BROKER_UNREACHABLE)]
    Measuring(String),
    /// The webhooks' server.
    #[error("the webhooks' server stopped: {0}")]
    Server(String),
}
