//! Topics that are given more partitions: keys stay where they are, and it is said.

use std::sync::mpsc;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use rdkafka::util::Timeout;
use trunkline_kafka::measuring::Measure as _;
use trunkline_kafka::partition_counts::PartitionCounts;
use trunkline_kafka::{OutboundRecord, Producer, topics};
use trunkline_schemas::catalog::EVENTS_NORMALIZED;
use trunkline_schemas::headers::Headers;

use crate::cluster;
use crate::wait::wait_until;

const KEYS: usize = 60;

fn key(number: usize) -> String {
    format!("genesys/org/conversation-{number}")
}

#[tokio::test]
async fn keys_stay_in_their_partitions_when_a_topic_gets_more_of_them() {
    let Some(kafka) = cluster::kafka("partitions") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    let topic = kafka.topic(EVENTS_NORMALIZED);
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &kafka.brokers).set("partitioner", "murmur2_random");
    let client: FutureProducer = config.create().unwrap();
    let mut by_the_client = Vec::new();
    for number in 0..KEYS {
        let (key, wait) = (key(number), Timeout::After(Duration::from_secs(20)));
        let sent = client.send(FutureRecord::to(&topic).key(&key).payload("x"), wait).await;
        by_the_client.push(sent.unwrap().partition);
    }

    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let more = [NewPartitions::new(&topic, 5)];
    admin.create_partitions(&more, &AdminOptions::new()).await.unwrap().remove(0).unwrap();
    // Until the broker has told the client of all five, the client refuses to write to the new ones.
    let known_to_the_client = || {
        let metadata = client.client().fetch_metadata(Some(&topic), Duration::from_secs(10)).unwrap();
        metadata.topics()[0].partitions().len()
    };
    wait_until("the client knows of the new partitions", || known_to_the_client() == 5);
    // It has just been made, so it knows of all five, too.
    let producer = Producer::new(&kafka, "partitions").unwrap();
    for (number, expected) in by_the_client.iter().enumerate() {
        let record = OutboundRecord {
            topic: topic.clone(),
            partition: None,
            key: Some(key(number).into_bytes()),
            value: Some(b"x".to_vec()),
            headers: Headers::new(),
            timestamp: None,
        };
        assert_eq!(producer.send(record).await.unwrap().partition, *expected, "{}", key(number));
    }

    let foreign = FutureRecord::to(&topic).partition(4).key("k").payload("x");
    client.send(foreign, Timeout::After(Duration::from_secs(20))).await.unwrap();
    let told = tokio::task::spawn_blocking(move || {
        let (sender, told) = mpsc::channel();
        let tell = Box::new(move |difference| sender.send(difference).unwrap());
        let mut counts = PartitionCounts::new(&kafka, "partitions", vec![topic], tell).unwrap();
        for _ in 0..4 {
            counts.measure(&|| ()).unwrap();
        }
        told.try_iter().collect::<Vec<_>>()
    });
    let told = told.await.unwrap();
    let [difference] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((difference.has, difference.configured, difference.unread), (5, 3, 1));
}
