//! `trunkline schemas`: the catalog's schemas in the registry.

use std::process::ExitCode;

use anyhow::Context;
use trunkline_kafka::schemas::{self, Change, Step};
use trunkline_kafka::{Registry, RegistryError};
use trunkline_schemas::error_codes::SCHEMA_INCOMPATIBLE;

use crate::config_file::ConfigFile;

/// Shows or does what the schema registry needs
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Shows what there is to do; changes nothing
    Plan(ConfigFile),
    /// Registers what is missing, each subject FULL_TRANSITIVE; for registries that binaries may not write to
    Apply(ConfigFile),
}

/// Plans, and applies if asked to. A schema that the registry would refuse is a failure either way.
///
/// # Errors
/// Mistakes in the configuration; a registry that does not answer or refuses.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (file, apply) = match args.verb {
        Verb::Plan(file) => (file, false),
        Verb::Apply(file) => (file, true),
    };
    let config = file.load().await?;
    let named =
        |error: RegistryError| anyhow::Error::new(error).context(format!("registry {}", config.registry.url));
    let registry = Registry::new(&config.registry).map_err(named)?;
    let steps = schemas::plan(&registry, &config.kafka).await.map_err(named)?;
    show(&steps);
    if apply && steps.iter().any(Step::is_change) {
        let ids = schemas::apply(&registry, &steps).await.map_err(named).context(SCHEMA_INCOMPATIBLE)?;
        println!("done: {} subjects", ids.len());
    }
    let refused = steps.iter().any(|step| step.change == Change::Incompatible);
    Ok(if refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn show(steps: &[Step]) {
    for step in steps.iter().filter(|step| step.is_change()) {
        println!("{step}");
    }
    if !steps.iter().any(Step::is_change) {
        println!("every schema is registered: {} subjects", steps.len());
    }
}
