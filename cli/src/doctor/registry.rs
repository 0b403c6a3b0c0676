//! The schema registry.

use std::time::Instant;

use trunkline_config::Config;
use trunkline_kafka::schemas::{self, Change, Step};
use trunkline_kafka::{Registry, RegistryError};
use trunkline_schemas::error_codes::{REGISTRY_UNREACHABLE, SCHEMA_INCOMPATIBLE};

use super::report::Report;

/// Compares the schemas with the catalog. What is only missing is no failure where binaries register it themselves.
pub(super) async fn probe(config: &Config, report: &mut Report) {
    let began = Instant::now();
    let found = compare(config).await;
    report.add("registry", began, found);
}

async fn compare(config: &Config) -> Result<String, String> {
    let said = |error: RegistryError| format!("{}: {error} ({REGISTRY_UNREACHABLE})", config.registry.url);
    let registry = Registry::new(&config.registry).map_err(said)?;
    let steps = schemas::plan(&registry, &config.kafka).await.map_err(said)?;
    let to_do: Vec<_> = steps.iter().filter(|step| step.is_change()).collect();
    if let Some(refused) = steps.iter().find(|step| step.change == Change::Incompatible) {
        return Err(format!("{refused} ({SCHEMA_INCOMPATIBLE})"));
    }
    match to_do.len() {
        0 => Ok(format!("all {} schemas are registered", steps.len())),
        missing if registry.registers() => {
            Ok(format!("{missing} schemas will be registered at the first start"))
        }
        missing => {
            Err(format!("{missing} schemas are missing; run `trunkline schemas apply`{}", first(&to_do)))
        }
    }
}

fn first(steps: &[&Step]) -> String {
    steps.first().map_or_else(String::new, |step| format!("; the first: {step}"))
}
