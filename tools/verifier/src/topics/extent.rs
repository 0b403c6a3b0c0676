//! Where a partition begins and ends.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;

use super::{BROKER_TIMEOUT, Cluster, Error};

/// How often a partition without a leader is asked for again, and how many times.
const ASK_EVERY: Duration = Duration::from_millis(100);
const TIMES: usize = 300;

/// The first offset of a partition, and the one behind its last as this consumer sees it. A partition that was made a
/// moment ago, or whose leader has just moved, is waited for. Blocks.
///
/// # Errors
/// When the brokers do not answer, or nobody leads the partition for half a minute.
pub fn extent(
    cluster: &Cluster,
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), Error> {
    let ask = || consumer.fetch_watermarks(topic, partition, BROKER_TIMEOUT);
    let without_leader = [
        RDKafkaErrorCode::NotLeaderForPartition,
        RDKafkaErrorCode::LeaderNotAvailable,
        RDKafkaErrorCode::FencedLeaderEpoch,
        RDKafkaErrorCode::UnknownLeaderEpoch,
    ];
    for _ in 0..TIMES {
        match ask() {
            Err(error) if error.rdkafka_error_code().is_some_and(|code| without_leader.contains(&code)) => {
                std::thread::sleep(ASK_EVERY);
            }
            answer => return answer.map_err(|source| cluster.failed(source)),
        }
    }
    ask().map_err(|source| cluster.failed(source))
}
