//! Partitions as the client lists them.

use rdkafka::topic_partition_list::TopicPartitionList;
use trunkline_schemas::record::TopicPartition;

/// For the client.
pub(crate) fn to_list(partitions: &[TopicPartition]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(&partition.topic, partition.partition);
    }
    list
}

/// From the client.
pub(crate) fn from_list(list: &TopicPartitionList) -> Vec<TopicPartition> {
    list.elements().iter().map(|e| TopicPartition::new(e.topic(), e.partition())).collect()
}
