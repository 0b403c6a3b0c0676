//! Why the processor did not start, or stopped.

use std::time::Duration;

use trunkline_partition::StateError;
use trunkline_rules::RuleError;
use trunkline_schemas::error_codes;
use trunkline_telemetry::admin;

use crate::engine::EngineError;
use crate::plugins::PluginError;

/// Why the processor did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The rules.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Rules(#[from] RuleError),
    /// A plugin.
    #[error("{code} {0}", code = error_codes::PLUGIN_FAILED)]
    Plugins(#[from] PluginError),
    /// The outside systems' clients.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Directory(#[from] trunkline_connect::directory::Error),
    /// The admin port.
    #[error("{code} {0}", code = error_codes::CONFIGURATION_INVALID)]
    Admin(#[from] admin::Error),
    /// The registry.
    #[error("{code} {0}", code = error_codes::REGISTRY_UNREACHABLE)]
    Registry(#[from] trunkline_kafka::RegistryError),
    /// A schema of the catalog has no id.
    #[error(
        "{code} the registry gave no id for one of the processor's schemas; run trunkline schemas plan",
        code = error_codes::SCHEMA_INCOMPATIBLE
    )]
    Schemas,
    /// The state store.
    #[error("{code} {0}", code = .0.code())]
    State(#[from] StateError),
    /// The lag of the last stable offset cannot be measured.
    #[error("{code} measuring the lag of the last stable offset: {0}", code = error_codes::BROKER_UNREACHABLE)]
    Lag(String),
    /// The engine.
    #[error("{0}")]
    Engine(Box<EngineError>),
    /// The engine did not come to an end in time.
    #[error("the engine did not drain within {0:?}: what was not committed is read again after a restart")]
    Drain(Duration),
    /// The engine's thread is gone.
    #[error("the engine stopped without a word: {0}")]
    Thread(String),
}

impl From<EngineError> for RunError {
    fn from(error: EngineError) -> Self {
        Self::Engine(Box::new(error))
    }
}
