//! Whether every record that could not be processed was put aside, once and as it was.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};
use trunkline_kafka::{Delivery, InboundRecord, OutboundRecord};
use trunkline_schemas::{catalog, headers};

use super::contender::Contender;
use super::outputs;
use super::trial::Trial;

/// Compares the trial's dead letters with what was poisonous in its input.
///
/// # Errors
/// Names the first thing that is wrong with them.
pub fn check(trial: &Trial<'_>, poison: &[(Delivery, OutboundRecord)]) -> anyhow::Result<()> {
    let mut left: HashMap<(i32, i64), &OutboundRecord> =
        poison.iter().map(|(delivery, record)| ((delivery.partition, delivery.offset), record)).collect();
    let topic = Contender::Trunkline.topic(&trial.config, catalog::PROCESSOR_DLQ);
    outputs::read(&trial.config, &topic, |letter| put_aside(&mut left, &letter))?;
    match left.keys().next() {
        None => Ok(()),
        Some((partition, offset)) => {
            anyhow::bail!(
                "{} poisonous records are no dead letters, as {offset} of partition {partition}",
                left.len()
            )
        }
    }
}

/// Takes a letter's original off those that are left.
fn put_aside(left: &mut HashMap<(i32, i64), &OutboundRecord>, letter: &InboundRecord) -> anyhow::Result<()> {
    let provenance =
        |name| letter.header_text(name).with_context(|| format!("a dead letter has no header {name}"));
    let partition: i32 = provenance(headers::DLQ_PARTITION)?.parse()?;
    let offset: i64 = provenance(headers::DLQ_OFFSET)?.parse()?;
    let name = format!("the dead letter of offset {offset} of partition {partition}");
    let original = left
        .remove(&(partition, offset))
        .with_context(|| format!("{name} is there twice, or was nothing poisonous"))?;
    ensure!(provenance(headers::DLQ_TOPIC)? == original.topic, "{name} comes from another topic");
    ensure!(letter.key == original.key, "{name} has another key");
    ensure!(letter.value == original.value, "{name} has another value");
    ensure!(letter.headers.starts_with(&original.headers), "{name} has other headers");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original() -> OutboundRecord {
        OutboundRecord {
            topic: "events.normalized".to_owned(),
            partition: None,
            key: Some(b"genesys/org/c1".to_vec()),
            value: Some(b"no event".to_vec()),
            headers: [("a", "1")].into_iter().collect(),
            timestamp: None,
        }
    }

    fn letter(topic: &str, key: &[u8], value: &[u8], header: &[u8]) -> InboundRecord {
        let mut headers: headers::Headers = [("a", header)].into_iter().collect();
        for (name, text) in
            [(headers::DLQ_TOPIC, topic), (headers::DLQ_PARTITION, "3"), (headers::DLQ_OFFSET, "17")]
        {
            headers.push(name, text);
        }
        InboundRecord {
            topic: "processor.dlq".into(),
            partition: 0,
            offset: 0,
            key: Some(key.to_vec()),
            value: Some(value.to_vec()),
            headers,
            timestamp: 0,
            leader_epoch: None,
        }
    }

    #[test]
    fn a_letter_that_is_not_its_original_is_noticed() {
        let (topic, key, value) = ("events.normalized", b"genesys/org/c1", b"no event");
        for (letter, right) in [
            (letter(topic, key, value, b"1"), true),
            (letter("events.enriched", key, value, b"1"), false),
            (letter(topic, b"genesys/org/c2", value, b"1"), false),
            (letter(topic, key, b"an event", b"1"), false),
            (letter(topic, key, value, b"2"), false),
        ] {
            let original = original();
            let mut left = HashMap::from([((3, 17), &original)]);
            assert_eq!(put_aside(&mut left, &letter).is_ok(), right, "{letter:?}");
            assert!(put_aside(&mut left, &letter).is_err(), "it is there twice");
        }
    }
}
