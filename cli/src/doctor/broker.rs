//! Brokers and topics.

use std::time::Instant;

use tokio::net::TcpStream;
use trunkline_config::Kafka;
use trunkline_kafka::topics::{self, Change};
use trunkline_schemas::error_codes::{BROKER_UNREACHABLE, TOPIC_WRONG};

use super::PROBE_TIMEOUT;
use super::report::Report;

/// Connects to each bootstrap server, then logs in and compares the topics with the catalog.
pub(super) async fn probe(kafka: &Kafka, report: &mut Report) {
    let mut reached = false;
    for broker in kafka.brokers.split(',').map(str::trim) {
        let began = Instant::now();
        let found = connect(broker).await;
        reached |= found.is_ok();
        report.add(format!("broker {broker}"), began, found);
    }
    let began = Instant::now();
    let found = if reached { compare(kafka).await } else { Err("no broker to ask".to_owned()) };
    report.add("topics", began, found);
}

async fn connect(broker: &str) -> Result<String, String> {
    match tokio::time::timeout(PROBE_TIMEOUT, TcpStream::connect(broker)).await {
        Ok(Ok(_)) => Ok("accepts connections".to_owned()),
        Ok(Err(error)) => Err(format!("{error} ({BROKER_UNREACHABLE})")),
        Err(_) => Err(format!("no answer within {PROBE_TIMEOUT:?} ({BROKER_UNREACHABLE}); a firewall?")),
    }
}

async fn compare(kafka: &Kafka) -> Result<String, String> {
    let plan = topics::plan(kafka).await.map_err(|error| format!("{error} ({BROKER_UNREACHABLE})"))?;
    let missing = plan.changes.iter().filter(|change| matches!(change, Change::Create(_))).count();
    let different = plan.changes.len() - missing;
    match (missing, different) {
        (0, 0) => Ok(format!("all as they should be, with {} partitions", kafka.partitions)),
        _ => Err(format!(
            "{missing} missing, {different} different ({TOPIC_WRONG}): see `trunkline topics plan`"
        )),
    }
}
