//! A customer is forgotten: whoever was taken for them is searched anew.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use trunkline_config::Config;
use trunkline_kafka::tail::From;
use trunkline_kafka::{OutboundRecord, Producer, Tail};
use trunkline_profiles::address::Region;
use trunkline_schemas::catalog;
use trunkline_schemas::headers::Headers;

use super::keys::Meant;
use crate::config_file::ConfigFile;

/// Has processors forget what they know of a customer, whoever that was taken to be: the next event searches anew
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As events name the customer (`customerId`, the key of customer.profiles), or a phone number or an e-mail address
    /// in any form
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    #[command(flatten)]
    file: ConfigFile,
}

/// Reads `customer.profiles` to its end and writes a tombstone for each key under which it has the customer, in
/// whatever form the number or the address was typed; where it has none, under the key that was typed and the one of a
/// caller. Processors that run read them, and forget the customer's profiles and identities, in memory and in state.
///
/// # Errors
/// Mistakes in the configuration; brokers that do not answer or acknowledge.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let topic = config.kafka.topic(catalog::CUSTOMER_PROFILES);
    let known = known(&config, &topic, &args.customer).await?;
    if known.is_empty() {
        eprintln!(
            "warning: {topic} has no record of '{}'; what processors know without a record is forgotten all the same",
            args.customer
        );
    }
    let keys = Meant::new(&args.customer, region(&config)).or_as_typed(known);
    let producer = Producer::new(&config.kafka, "trunkline-identity")?;
    for key in keys {
        let record = OutboundRecord {
            topic: topic.clone(),
            partition: None,
            key: Some(key.clone().into_bytes()),
            value: None,
            headers: Headers::new(),
            timestamp: None,
        };
        let written = producer.send(record).await?;
        println!(
            "a tombstone for '{key}' is at offset {} of {topic}, partition {}: processors that run forget the \
             customer, and the next event searches anew",
            written.offset, written.partition
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The keys under which the topic has the customer now.
async fn known(config: &Config, topic: &str, customer: &str) -> anyhow::Result<BTreeSet<String>> {
    let (kafka, topics, region) = (config.kafka.clone(), [topic.to_owned()], region(config));
    let customer = customer.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let meant = Meant::new(&customer, region);
        let mut known = BTreeSet::new();
        let mut tail = Tail::open(&kafka, "trunkline-identity", &topics, From::Beginning)?;
        tail.read_to_end(|record| {
            let Some(key) = record.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()) else {
                return;
            };
            if !meant.is(key) {
                return;
            }
            if record.value.is_some() {
                known.insert(key.to_owned());
            } else {
                known.remove(key);
            }
        })?;
        anyhow::Ok(known)
    });
    reading.await.context("reading was broken off")?
}

/// The country of numbers without their country's code.
fn region(config: &Config) -> Option<Region> {
    config.enrichment.identity.region.as_ref()?.parse().ok()
}
