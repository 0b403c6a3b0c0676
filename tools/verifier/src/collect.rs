//! Gathers the evidence of the topics: reads every topic once, decodes what the judges need and searches all of it for
//! secrets.

use tokio::sync::mpsc;

use crate::decode::{Intake, WITHOUT_SCHEMA};
use crate::error::Error;
use crate::evidence::{Leak, Undecodable};
use crate::floor::CATALOG;
use crate::inputs::Inputs;
use crate::needles::Needles;
use crate::registry::{self, Decoder};
use crate::rules::Rules;
use crate::topics::{self, Record};

const QUEUE: usize = 10_000;
const ENRICHED: &str = "events.enriched";
const NORMALIZED: &str = "events.normalized";

/// Reads all topics of a deployment.
pub async fn collect(inputs: &Inputs, needles: &Needles) -> Result<Intake, Error> {
    let Inputs { cluster, registry, prefix, .. } = inputs;
    let rules = inputs.configuration.as_ref().map(Rules::compile).transpose()?;
    let mut intake = Intake::new(rules);
    let mut decoder = Decoder::new(registry);
    let listed = blocking({
        let (cluster, prefix) = (cluster.clone(), prefix.clone());
        move || topics::list(&cluster, &prefix)
    })
    .await?;
    for (topic, partitions) in listed {
        let name = topic.strip_prefix(prefix.as_str()).unwrap_or(&topic).to_owned();
        // Other topics that begin like that are another deployment's, or another team's.
        if !CATALOG.contains(&name.as_str()) {
            continue;
        }
        intake.evidence.topics.insert(name.clone());
        let (sender, mut records) = mpsc::channel(QUEUE);
        let reading = tokio::task::spawn_blocking({
            let (cluster, topic) = (cluster.clone(), topic.clone());
            move || topics::read_all(&cluster, &topic, partitions, &sender)
        });
        while let Some(record) = records.recv().await {
            search(&mut intake, &name, &record, needles);
            take(&mut intake, &name, &record, &mut decoder).await?;
        }
        reading.await.map_err(|_| Error::Interrupted)??;
        if name == ENRICHED {
            let cluster = cluster.clone();
            let topic = topic.clone();
            let seen = blocking(move || topics::count_uncommitted(&cluster, &topic, partitions)).await?;
            intake.evidence.aborted = seen.saturating_sub(intake.evidence.enriched.len() as u64);
        }
        if let Some(configuration) = inputs.configuration.as_ref().filter(|_| name == NORMALIZED) {
            let (cluster, group) = (cluster.clone(), configuration.group.clone());
            intake.evidence.committed =
                blocking(move || topics::committed(&cluster, &group, &topic, partitions)).await?;
        }
    }
    Ok(intake)
}

/// Does blocking work on a thread made for it.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, topics::Error> + Send + 'static,
) -> Result<T, Error> {
    Ok(tokio::task::spawn_blocking(work).await.map_err(|_| Error::Interrupted)??)
}

fn search(intake: &mut Intake, topic: &str, record: &Record, needles: &Needles) {
    let headers = record.headers.iter().map(|(_, value)| value.as_slice());
    for part in headers.chain(record.key.as_deref()).chain(record.value.as_deref()) {
        if let Some(secret) = needles.find(part) {
            let place = format!("{topic} {}", record.place);
            intake.evidence.leaks.push(Leak { secret: secret.to_owned(), place });
        }
    }
    intake.evidence.searched += 1;
    *intake.evidence.records.entry(topic.to_owned()).or_default() += 1;
}

/// Takes one record in; one that does not decode is a finding by itself, whatever its topic.
pub async fn take(
    intake: &mut Intake,
    topic: &str,
    record: &Record,
    decoder: &mut Decoder,
) -> Result<(), Error> {
    if WITHOUT_SCHEMA.contains(&topic) {
        intake.take_bytes(topic, record);
        return Ok(());
    }
    let Some(value) = record.value.as_deref() else { return Ok(()) };
    let taken = match decoder.decode(value).await {
        Ok(fields) => intake.take(topic, record, &fields).map_err(registry::Error::Value),
        Err(error) => Err(error),
    };
    match taken {
        Ok(()) => Ok(()),
        Err(error @ (registry::Error::Value(_) | registry::Error::Unknown { .. })) => {
            let (topic, problem) = (topic.to_owned(), error.to_string());
            intake.evidence.undecodable.push(Undecodable { topic, place: record.place, problem });
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
