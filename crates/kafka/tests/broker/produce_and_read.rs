//! Producing and reading back.

use std::collections::HashSet;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use trunkline_config::Kafka;
use trunkline_kafka::{From, OutboundRecord, ProduceError, Producer, Tail, TailError, Tailed, tail, topics};
use trunkline_schemas::catalog::{EVENTS_ENRICHED, EVENTS_NORMALIZED, QUARANTINE};

use crate::cluster;

async fn made(test: &str) -> Option<Kafka> {
    let kafka = cluster::kafka(test)?;
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    Some(kafka)
}

fn record(topic: &str, key: &str, value: &str, timestamp: i64) -> OutboundRecord {
    OutboundRecord {
        topic: topic.to_owned(),
        partition: None,
        key: Some(key.into()),
        value: Some(value.into()),
        headers: [("traceparent", "00-x"), ("empty", "")].into_iter().collect(),
        timestamp: Some(timestamp),
    }
}

#[tokio::test]
async fn what_is_acknowledged_is_read_back_as_it_was() {
    let Some(kafka) = made("produce").await else { return };
    let producer = Producer::new(&kafka, "test").unwrap();
    // One whose records keep the times that their writer gives them.
    let topic = kafka.topic(EVENTS_ENRICHED);
    let sends = (0..60).map(|n| {
        let (producer, record) =
            (producer.clone(), record(&topic, &format!("key-{}", n % 20), &format!("{n}"), 1_000 + n));
        async move { producer.send(record).await.unwrap() }
    });
    let deliveries = futures_util::future::join_all(sends).await;
    assert_eq!(deliveries.iter().map(|d| (d.partition, d.offset)).collect::<HashSet<_>>().len(), 60);
    producer.flush(Duration::from_secs(10)).await.unwrap();
    assert_eq!(producer.in_flight(), 0);

    let read = tail::read_all(&kafka, std::slice::from_ref(&topic), From::Beginning).await.unwrap();
    assert_eq!(read.len(), 60);
    for record in &read {
        let n: i64 = String::from_utf8(record.value.clone().unwrap()).unwrap().parse().unwrap();
        assert_eq!(record.key.as_deref(), Some(format!("key-{}", n % 20).as_bytes()));
        assert_eq!(record.timestamp, 1_000 + n);
        assert_eq!(record.header_text("traceparent"), Some("00-x"));
        assert_eq!(record.header("empty"), Some(&[][..]));
        let partition = record.partition;
        assert!(
            read.iter().filter(|other| other.key == record.key).all(|other| other.partition == partition)
        );
    }
    assert_eq!(read.iter().map(|record| record.partition).collect::<HashSet<_>>().len(), 3);

    let later = tail::read_all(&kafka, &[topic], From::Timestamp(1_050)).await.unwrap();
    let mut later: Vec<_> = later.iter().map(|record| record.timestamp).collect();
    later.sort_unstable();
    assert_eq!(later, (1_050..1_060).collect::<Vec<_>>());
}

#[tokio::test]
async fn events_are_timed_by_the_broker_whatever_their_writer_says() {
    let Some(kafka) = made("append-time").await else { return };
    let producer = Producer::new(&kafka, "test").unwrap();
    let topic = kafka.topic(EVENTS_NORMALIZED);
    for stated in [0, 1_000, i64::MAX / 1_000_000] {
        producer.send(record(&topic, "k", "v", stated)).await.unwrap();
    }
    let read = tail::read_all(&kafka, &[topic], From::Beginning).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    assert_eq!(read.len(), 3);
    // The broker of a test is on this machine, or on one whose clock is right to the hour.
    assert!(read.iter().all(|record| (now - record.timestamp).abs() < 3_600_000), "{read:?}");
}

#[tokio::test]
async fn a_tail_reaches_the_end_of_all_topics_and_follows_them() {
    let Some(kafka) = made("tail").await else { return };
    let producer = Producer::new(&kafka, "test").unwrap();
    let names = [EVENTS_NORMALIZED, EVENTS_ENRICHED, QUARANTINE].map(|name| kafka.topic(name));
    for n in 0..9 {
        producer.send(record(&names[n % 2], &n.to_string(), "before", 1)).await.unwrap();
    }
    let reading = tokio::task::spawn_blocking(move || {
        let mut tail = Tail::open(&kafka, "tail", &names, From::Beginning).unwrap();
        let mut before = 0;
        tail.read_to_end(|_| before += 1).unwrap();
        assert_eq!(before, 9);
        assert!(tail.is_caught_up());
        (tail, names)
    });
    let (mut tail, names) = reading.await.unwrap();
    for name in &names {
        let sent = Instant::now();
        producer.send(record(name, "k", "after", 1)).await.unwrap();
        let (back, got) = tokio::task::spawn_blocking(move || {
            let got = next_record(&mut tail);
            (tail, got)
        })
        .await
        .unwrap();
        tail = back;
        assert_eq!((&*got.topic, got.value.as_deref()), (name.as_str(), Some(&b"after"[..])));
        assert!(sent.elapsed() < Duration::from_secs(5), "following took {:?}", sent.elapsed());
    }
}

fn next_record(tail: &mut Tail) -> trunkline_kafka::InboundRecord {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Tailed::Record(record) = tail.next(Duration::from_secs(1)).unwrap() {
            return record;
        }
    }
    panic!("no record within 20 s");
}

#[tokio::test]
async fn records_that_cannot_be_written_say_why() {
    let Some(kafka) = made("refusals").await else { return };
    let producer = Producer::new(&kafka, "test").unwrap();
    let topic = kafka.topic(EVENTS_NORMALIZED);
    let big =
        |length: usize| OutboundRecord { value: Some(vec![b'x'; length]), ..record(&topic, "k", "", 1) };
    producer.send(big(4 * 1024 * 1024 - 1024)).await.unwrap();
    let error = producer.send(big(8 * 1024 * 1024)).await.unwrap_err();
    assert!(matches!(error, ProduceError::TooLarge { bytes, .. } if bytes > 8 * 1024 * 1024), "{error}");

    let missing = kafka.topic("no.such.topic");
    let error = producer.send(record(&missing, "k", "v", 1)).await.unwrap_err();
    assert!(matches!(error, ProduceError::TopicMissing { .. }), "{error}");
    let error = tail::read_all(&kafka, &[missing], From::Beginning).await.unwrap_err();
    assert!(matches!(error, TailError::TopicMissing { .. }), "{error}");
}
