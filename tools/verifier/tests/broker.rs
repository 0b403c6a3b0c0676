//! Reading topics of a real broker: aborted records are invisible, open transactions are waited out, followers follow.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that goes wrong")]

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tokio::sync::mpsc;
use trunkline_verifier::topics::{Cluster, Follower, Record, count_uncommitted, list, read_all};

const TIMEOUT: Duration = Duration::from_secs(15);
const PARTITIONS: i32 = 2;

/// The broker that `./run test` starts; without one there is nothing to test against.
fn cluster(test: &str) -> Option<(Cluster, String)> {
    let Ok(brokers) = std::env::var("TRUNKLINE_TEST_KAFKA") else {
        eprintln!("{test}: skipped, TRUNKLINE_TEST_KAFKA names no broker; ./run test starts one");
        return None;
    };
    let topic = format!("verifier-{test}-{}.events", std::process::id());
    Some((Cluster { brokers, ..Cluster::default() }, topic))
}

async fn make_topic(cluster: &Cluster, topic: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", &cluster.brokers).create().unwrap();
    let new = NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1));
    admin.create_topics(&[new], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    let cluster = cluster.clone();
    let topic = topic.to_owned();
    tokio::task::spawn_blocking(move || {
        // A new topic takes a moment to be known to every client.
        while list(&cluster, &topic).unwrap().get(&topic) != Some(&PARTITIONS) {}
    })
    .await
    .unwrap();
}

fn transactional(cluster: &Cluster, id: &str) -> BaseProducer {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &cluster.brokers)
        .set("transactional.id", id)
        .set("transaction.timeout.ms", "5000")
        .create()
        .unwrap();
    producer.init_transactions(TIMEOUT).unwrap();
    producer
}

fn send(producer: &BaseProducer, topic: &str, values: &[&str]) {
    producer.begin_transaction().unwrap();
    for (number, value) in values.iter().enumerate() {
        let partition = number as i32 % PARTITIONS;
        producer.send(BaseRecord::<str, str>::to(topic).partition(partition).payload(value)).unwrap();
    }
    producer.flush(TIMEOUT).unwrap();
}

async fn read(cluster: &Cluster, topic: &str) -> Vec<String> {
    let (sender, mut records) = mpsc::channel(100);
    let reading = tokio::task::spawn_blocking({
        let (cluster, topic) = (cluster.clone(), topic.to_owned());
        move || read_all(&cluster, &topic, PARTITIONS, &sender)
    });
    let mut values = Vec::new();
    while let Some(record) = records.recv().await {
        values.push(value(&record));
    }
    reading.await.unwrap().unwrap();
    values.sort();
    values
}

fn value(record: &Record) -> String {
    String::from_utf8(record.value.clone().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn aborted_records_are_not_read_and_are_counted() {
    let Some((cluster, topic)) = cluster("aborted") else { return };
    make_topic(&cluster, &topic).await;
    assert!(read(&cluster, &topic).await.is_empty());

    let producer = transactional(&cluster, &topic);
    send(&producer, &topic, &["a", "b", "c"]);
    producer.commit_transaction(TIMEOUT).unwrap();
    send(&producer, &topic, &["never", "never"]);
    producer.abort_transaction(TIMEOUT).unwrap();
    send(&producer, &topic, &["d"]);
    producer.commit_transaction(TIMEOUT).unwrap();

    assert_eq!(read(&cluster, &topic).await, ["a", "b", "c", "d"]);
    let seen = tokio::task::spawn_blocking(move || count_uncommitted(&cluster, &topic, PARTITIONS));
    assert_eq!(seen.await.unwrap().unwrap(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_waited_out_and_its_records_are_read() {
    let Some((cluster, topic)) = cluster("open") else { return };
    make_topic(&cluster, &topic).await;
    let producer = transactional(&cluster, &topic);
    send(&producer, &topic, &["a", "b"]);
    let reading = tokio::spawn({
        let (cluster, topic) = (cluster.clone(), topic.clone());
        async move { read(&cluster, &topic).await }
    });
    // The reader must not end before the transaction does.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!reading.is_finished());
    producer.commit_transaction(TIMEOUT).unwrap();
    assert_eq!(reading.await.unwrap(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_what_is_committed_after_it_began() {
    let Some((cluster, topic)) = cluster("follow") else { return };
    make_topic(&cluster, &topic).await;
    let producer = transactional(&cluster, &topic);
    send(&producer, &topic, &["before"]);
    producer.commit_transaction(TIMEOUT).unwrap();

    let (sender, mut records) = mpsc::unbounded_channel();
    let _follower = tokio::task::spawn_blocking({
        let (cluster, topics) = (cluster.clone(), vec![topic.clone(), "no-such-topic".to_owned()]);
        move || Follower::start(&cluster, &topics, sender)
    })
    .await
    .unwrap()
    .unwrap();
    send(&producer, &topic, &["never"]);
    producer.abort_transaction(TIMEOUT).unwrap();
    send(&producer, &topic, &["after"]);
    producer.commit_transaction(TIMEOUT).unwrap();
    let (record, _) = tokio::time::timeout(TIMEOUT, records.recv()).await.unwrap().unwrap();
    assert_eq!(value(&record), "after");
}
