//! A customer is forgotten: whoever was taken for them is searched anew.

use std::process::ExitCode;

use trunkline_kafka::{OutboundRecord, Producer};
use trunkline_schemas::catalog;
use trunkline_schemas::headers::Headers;

use crate::config_file::ConfigFile;

/// Has processors forget what they know of a customer, whoever that was taken to be: the next event searches anew
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As events name the customer: `customerId`, the key of customer.profiles
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    #[command(flatten)]
    file: ConfigFile,
}

/// Writes a tombstone for the customer to `customer.profiles`. Processors that run read it, and forget the customer's
/// profile and identities, in memory and in state.
///
/// # Errors
/// Mistakes in the configuration; brokers that do not acknowledge.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let producer = Producer::new(&config.kafka, "trunkline-identity")?;
    let topic = config.kafka.topic(catalog::CUSTOMER_PROFILES);
    let record = OutboundRecord {
        topic: topic.clone(),
        partition: None,
        key: Some(args.customer.clone().into_bytes()),
        value: None,
        headers: Headers::new(),
        timestamp: None,
    };
    let written = producer.send(record).await?;
    println!(
        "a tombstone for '{}' is at offset {} of {topic}, partition {}: processors that run forget the customer, and \
         the next event searches anew",
        args.customer, written.offset, written.partition
    );
    Ok(ExitCode::SUCCESS)
}
