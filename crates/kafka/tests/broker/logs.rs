//! What brokers say of logs that are not what they were, and that a member of a group does not go on in silence.

use std::time::{Duration, Instant};

use trunkline_config::Kafka;
use trunkline_kafka::logs::{
    AtLast, LogLooks as _, LogPosition, LogReader, LogWatch as _, Mark, Verdict, WatchThread, Watched, judge,
    mark,
};
use trunkline_kafka::{
    From, GroupConsumer, GroupSettings, OutboundRecord, Polled, Producer, TopicPartition, tail, topics,
};
use trunkline_schemas::catalog::EVENTS_NORMALIZED;
use trunkline_schemas::headers::Headers;

use crate::cluster;
use crate::wait::wait_until;

async fn write(kafka: &Kafka, values: std::ops::Range<usize>) {
    let producer = Producer::new(kafka, "test").unwrap();
    for value in values {
        let record = OutboundRecord {
            topic: kafka.topic(EVENTS_NORMALIZED),
            partition: Some(1),
            key: Some(b"k".to_vec()),
            value: Some(value.to_string().into_bytes()),
            headers: Headers::new(),
            timestamp: Some(1_000),
        };
        producer.send(record).await.unwrap();
    }
}

/// Where somebody stands who has read all of the partition.
async fn read_to_the_end(kafka: &Kafka) -> LogPosition {
    let topic = kafka.topic(EVENTS_NORMALIZED);
    let read = tail::read_all(kafka, &[topic], From::Beginning).await.unwrap();
    let last = read.last().map(mark);
    LogPosition { topic_id: None, next: last.map_or(0, |last| last.offset + 1), last }
}

/// What lies where this record lay, if it is still that record.
fn as_it_was(Mark { digest, leader_epoch, .. }: Mark) -> AtLast {
    AtLast::Record { digest, leader_epoch }
}

async fn remade(kafka: &Kafka) {
    topics::remove(kafka).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        // A topic that is being deleted cannot be made yet.
        let plan = topics::plan(kafka).await.unwrap();
        if topics::apply(kafka, &plan).await.is_ok() && topics::plan(kafka).await.unwrap().changes.is_empty()
        {
            return;
        }
        assert!(Instant::now() < deadline, "the topics cannot be made anew");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What the brokers say, once they say what is waited for.
async fn look_until(
    kafka: &Kafka,
    position: LogPosition,
    wanted: impl Fn(Verdict) -> bool + Send + 'static,
) -> Verdict {
    let (kafka, partition) = (kafka.clone(), TopicPartition::new(kafka.topic(EVENTS_NORMALIZED), 1));
    let look = move || {
        let mut reader = LogReader::open(&kafka, "test").unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let now = reader.look(&[(partition.clone(), Some(position))]);
            let verdict = now.as_ref().map(|now| judge(&position, &now[0]));
            match verdict {
                Ok(verdict) if wanted(verdict) => return verdict,
                said => assert!(Instant::now() < deadline, "{said:?}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    tokio::task::spawn_blocking(look).await.unwrap()
}

#[tokio::test]
async fn a_topic_that_was_made_anew_is_known_by_its_id_and_by_its_records() {
    let Some(kafka) = cluster::kafka("logs-anew") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    write(&kafka, 0..5).await;
    let read = read_to_the_end(&kafka).await;
    assert_eq!(read.next, 5);
    let partition = TopicPartition::new(kafka.topic(EVENTS_NORMALIZED), 1);
    let said = {
        let (kafka, partition) = (kafka.clone(), partition.clone());
        let look =
            move || LogReader::open(&kafka, "test").unwrap().look(&[(partition, Some(read))]).unwrap()[0];
        tokio::task::spawn_blocking(look).await.unwrap()
    };
    assert!(said.topic_id.is_some());
    assert_eq!((said.start, said.end), (0, 5));
    assert_eq!(said.last, as_it_was(read.last.unwrap()));
    assert!(said.last.leader_epoch().is_some(), "the brokers say which leader appended a record");
    let known = LogPosition { topic_id: said.topic_id, ..read };
    assert_eq!(judge(&known, &said), Verdict::Same);

    remade(&kafka).await;
    look_until(&kafka, known, |verdict| verdict == Verdict::AnotherTopic).await;
    look_until(&kafka, read, |verdict| verdict == Verdict::Truncated).await;
    // As long as the old one and longer: only the record tells, where the id is not known.
    write(&kafka, 100..110).await;
    look_until(&kafka, read, |verdict| matches!(verdict, Verdict::AnotherRecord { offset: 4 })).await;
    topics::remove(&kafka).await.unwrap();
}

/// Looks until the watch says what is waited for of the last record that was read.
fn watched_until(watch: &mut WatchThread, what: &str, wanted: impl Fn(AtLast) -> bool) {
    wait_until(what, || {
        watch.look_now();
        watch.take().iter().any(|looked| wanted(looked.now.last))
    });
}

#[tokio::test]
async fn the_watch_looks_at_the_last_record_that_was_read() {
    let Some(kafka) = cluster::kafka("logs-watch") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    write(&kafka, 0..5).await;
    let LogPosition { next, last, .. } = read_to_the_end(&kafka).await;
    let partition = TopicPartition::new(kafka.topic(EVENTS_NORMALIZED), 1);
    let mut watch = WatchThread::start(&kafka, "test").unwrap();
    // Without an id, as where brokers do not say it, the record alone tells.
    watch.watch(vec![Watched { partition, topic_id: None, next, read_to: next, last, reading: 0 }]);
    let same = as_it_was(last.unwrap());
    let mut watch = tokio::task::spawn_blocking(move || {
        watched_until(&mut watch, "the record is there", |last| last == same);
        watch
    })
    .await
    .unwrap();
    remade(&kafka).await;
    write(&kafka, 100..110).await;
    let other = move |last| matches!(last, AtLast::Record { .. }) && last != same;
    tokio::task::spawn_blocking(move || watched_until(&mut watch, "another record is there", other))
        .await
        .unwrap();
    topics::remove(&kafka).await.unwrap();
}

#[tokio::test]
async fn a_member_at_an_offset_that_is_not_there_says_so_and_reads_nothing_else() {
    let Some(kafka) = cluster::kafka("logs-range") else { return };
    topics::apply(&kafka, &topics::plan(&kafka).await.unwrap()).await.unwrap();
    write(&kafka, 0..5).await;
    let partition = TopicPartition::new(kafka.topic(EVENTS_NORMALIZED), 1);
    let settings = GroupSettings {
        group: format!("{}logs", kafka.prefix),
        instance: "test".to_owned(),
        topics: vec![partition.topic.clone()],
        partitions: kafka.partitions,
        session_timeout: Duration::from_secs(10),
    };
    let poll = move || {
        let consumer = GroupConsumer::open(&kafka, &settings).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut offsets = Vec::new();
        loop {
            assert!(Instant::now() < deadline, "read {offsets:?}, and nothing was said");
            match consumer.poll(Duration::from_millis(100)).unwrap() {
                Polled::Assigned(partitions) => {
                    let beyond: Vec<_> = partitions.iter().map(|p| (p.clone(), Some(77))).collect();
                    consumer.assign(&beyond).unwrap();
                    consumer.resume(std::slice::from_ref(&partition)).unwrap();
                }
                Polled::OutOfRange => {
                    assert!(offsets.is_empty(), "{offsets:?}");
                    consumer.seek(&partition, 2).unwrap();
                }
                Polled::Record(record) => {
                    offsets.push(record.offset);
                    if record.offset == 4 {
                        return offsets;
                    }
                }
                Polled::Revoked { .. } | Polled::Idle => {}
            }
        }
    };
    let offsets = tokio::task::spawn_blocking(poll).await.unwrap();
    assert_eq!(offsets, [2, 3, 4]);
}
