//! The lag of the last stable offset, and that read_committed readers stop before open transactions.

use std::time::Duration;

use trunkline_config::Kafka;
use trunkline_kafka::group_lag::GroupLag;
use trunkline_kafka::lag::LastStableOffset;
use trunkline_kafka::measuring::Measure as _;
use trunkline_kafka::{
    ClockSkew, From, OutboundRecord, Tail, Tailed, TopicPartition, TransactionalProducer, topics,
};
use trunkline_schemas::catalog::EVENTS_ENRICHED;
use trunkline_schemas::headers::Headers;

use crate::cluster;
use crate::wait::wait_until;

/// A producer with an open transaction of five records in partition 1.
fn with_five_records(kafka: &Kafka, topic: &str) -> TransactionalProducer {
    let mut producer = TransactionalProducer::open(kafka, &format!("{}lag", kafka.prefix)).unwrap();
    producer.begin().unwrap();
    let record = OutboundRecord {
        topic: topic.to_owned(),
        partition: Some(1),
        key: Some(b"k".to_vec()),
        value: Some(b"v".to_vec()),
        headers: Headers::new(),
        timestamp: None,
    };
    for _ in 0..5 {
        producer.produce(&record).unwrap();
    }
    producer
}

fn last_stable(kafka: &Kafka, topic: &String) -> LastStableOffset {
    LastStableOffset::new(kafka, "lag", std::slice::from_ref(topic), ClockSkew::unknown()).unwrap()
}

/// Records behind the last stable offset, of all partitions.
fn total(gauge: &LastStableOffset) -> i64 {
    gauge.measure().unwrap().iter().map(|(_, lag)| lag).sum()
}

#[tokio::test]
async fn an_abort_gives_up_what_is_not_delivered_and_has_an_outcome() {
    let Some(kafka) = cluster::kafka("abort") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let topic = kafka.topic(EVENTS_ENRICHED);
        // Nobody has asked what became of the records, so nobody knows whether they are delivered.
        let mut producer = with_five_records(&kafka, &topic);
        producer.abort().unwrap();
        producer.begin().unwrap();
        producer.abort().unwrap();
        let gauge = LastStableOffset::new(&kafka, "abort", &[topic], ClockSkew::unknown()).unwrap();
        wait_until("the transactions have ended", || total(&gauge) == 0);
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn an_open_transaction_shows_as_lag_and_hides_its_records() {
    let Some(kafka) = cluster::kafka("lag") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let topic = kafka.topic(EVENTS_ENRICHED);
        let gauge = last_stable(&kafka, &topic);
        assert_eq!(total(&gauge), 0);

        let mut producer = with_five_records(&kafka, &topic);
        wait_until("the records are in the log", || {
            producer.poll();
            total(&gauge) == 5
        });
        let mut tail = Tail::open(&kafka, "lag", std::slice::from_ref(&topic), From::Beginning).unwrap();
        assert!(matches!(tail.next(Duration::from_secs(20)).unwrap(), Tailed::CaughtUp));
        drop(tail);

        producer.abort().unwrap();
        wait_until("the transaction has ended", || total(&gauge) == 0);
        let mut tail = Tail::open(&kafka, "lag", &[topic], From::Beginning).unwrap();
        tail.read_to_end(|record| panic!("an aborted record was read: {record:?}")).unwrap();
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_group_is_behind_by_what_it_has_not_committed() {
    let Some(kafka) = cluster::kafka("group-lag") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    tokio::task::spawn_blocking(move || {
        let topic = kafka.topic(EVENTS_ENRICHED);
        let gauge = last_stable(&kafka, &topic);
        let mut producer = with_five_records(&kafka, &topic);
        wait_until("the records are in the log", || total(&gauge) == 5);
        producer.abort().unwrap();
        let (sender, told) = std::sync::mpsc::channel();
        let tell = Box::new(move |lags: &[(TopicPartition, i64)]| sender.send(lags.to_vec()).unwrap());
        let group = format!("{}group", kafka.prefix);
        let mut lag = GroupLag::new(&kafka, "lag", &group, &[topic], tell).unwrap();
        wait_until("the transaction has ended", || {
            lag.measure(&|| ()).unwrap();
            let lags: Vec<i64> = told.try_iter().last().unwrap().into_iter().map(|(_, lag)| lag).collect();
            // Nothing is committed: what there is, with the marker of the transaction.
            lags[0] == 0 && lags[1] >= 1 && lags[2] == 0
        });
    })
    .await
    .unwrap();
}
