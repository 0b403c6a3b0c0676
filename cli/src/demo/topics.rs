//! The demo's topics and schemas: made before anything starts, removed when nobody wants them any more.

use anyhow::Context;
use trunkline_config::Config;
use trunkline_kafka::{Registry, schemas, topics};

/// Makes every topic of the catalog and registers every schema.
pub async fn apply(config: &Config) -> anyhow::Result<()> {
    let plan = topics::plan(&config.kafka).await?;
    topics::apply(&config.kafka, &plan).await?;
    let registry = Registry::new(&config.registry)?;
    let steps = schemas::plan(&registry, &config.kafka).await.context("the registry does not answer")?;
    schemas::apply(&registry, &steps).await?;
    Ok(())
}

/// Removes the topics. The schemas stay: a registry keeps what it has been given.
pub async fn remove(config: &Config) -> anyhow::Result<()> {
    Ok(topics::remove(&config.kafka).await?)
}
