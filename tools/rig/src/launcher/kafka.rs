//! The one broker of a run.

use trunkline_rig::kafka::properties::{self, ORDINARY, Ports};
use trunkline_rig::kafka::{Broker, Java};
use trunkline_rig::mark::MARK;
use trunkline_rig::ports;

use super::run::Run;
use super::services::{Check, Service};
use super::{jvm, maven};

/// Its name in messages and files.
const NAME: &str = "kafka";

/// Formats and starts a broker; its address.
///
/// # Errors
/// When Kafka cannot be fetched, or does not start.
pub async fn start(run: &Run) -> anyhow::Result<(Service, String)> {
    let mut java = java(run).await?;
    let ports = ports::free(2)?;
    let cluster = [Ports { controller: ports[0], direct: ports[1], processors: Vec::new() }];
    let broker = Broker::prepare(&run.folder.join(NAME), 0, &cluster, &ORDINARY)?;
    // Random, so that a stray node cannot join this cluster.
    broker.format(&java, &properties::cluster_id(rand::random())).await?;
    let archive = jvm::class_data(&run.cache, NAME)?;
    java.options.push(jvm::class_data_option(&archive, &run.folder.join(format!("{NAME}.jsa"))));
    let process = broker.start(&java)?;
    let address = broker.address.clone();
    Ok((Service { name: NAME, process, check: Check::Log(broker), is_up: false }, address))
}

/// For those who start brokers themselves: where the classes are, and how to run them.
///
/// # Errors
/// When Kafka cannot be fetched.
pub async fn environment(run: &Run) -> anyhow::Result<[(&'static str, String); 2]> {
    let Java { classpath, mut options, .. } = java(run).await?;
    let archive = jvm::class_data(&run.cache, NAME)?;
    if archive.exists() {
        options.push(format!("-XX:SharedArchiveFile={}", archive.display()));
    }
    Ok([("TRUNKLINE_KAFKA_CLASSPATH", classpath), ("TRUNKLINE_KAFKA_JVM", options.join(" "))])
}

async fn java(run: &Run) -> anyhow::Result<Java> {
    let folder = maven::kafka(run).await?;
    Ok(Java {
        classpath: format!("{}/*", folder.display()),
        options: run.services.jvm.iter().map(|option| (*option).to_owned()).collect(),
        environment: vec![(MARK.to_owned(), run.folder.display().to_string())],
    })
}
