//! Planning and making topics.

use std::time::Duration;

use trunkline_config::Retention;
use trunkline_kafka::topics::{Change, Plan, apply, desired, plan};
use trunkline_kafka::{TopicsError, topics};
use trunkline_schemas::catalog::TOPICS;

use crate::cluster;

#[tokio::test]
async fn topics_are_made_once_and_then_as_they_should_be() {
    let Some(kafka) = cluster::kafka("topics") else { return };
    let first = plan(&kafka).await.unwrap();
    assert_eq!(first.changes.len(), TOPICS.len());
    assert!(first.changes.iter().all(|change| matches!(change, Change::Create(_))), "{first}");
    apply(&kafka, &first).await.unwrap();
    let second = plan(&kafka).await.unwrap();
    assert!(second.is_empty(), "{second}");
    // A plan that another instance was quicker with.
    apply(&kafka, &first).await.unwrap();
}

#[tokio::test]
async fn another_partition_count_is_refused_and_nothing_else_is_done() {
    let Some(mut kafka) = cluster::kafka("partitions") else { return };
    apply(&kafka, &plan(&kafka).await.unwrap()).await.unwrap();
    kafka.partitions = 6;
    let refused = plan(&kafka).await.unwrap();
    assert_eq!(refused.refused().count(), TOPICS.len());
    let error = apply(&kafka, &refused).await.unwrap_err();
    assert!(matches!(&error, TopicsError::Refused(text) if text.contains("has 3 partitions")), "{error}");
    kafka.partitions = 3;
    assert!(plan(&kafka).await.unwrap().is_empty());
}

#[tokio::test]
async fn settings_that_differ_are_set_and_those_of_operators_are_kept() {
    let Some(mut kafka) = cluster::kafka("settings") else { return };
    let mut odd = desired(&kafka);
    odd.truncate(1);
    odd[0].settings.insert("max.message.bytes", "1234567".to_owned());
    odd[0].initial.insert("retention.ms", "12345678".to_owned());
    odd[0].initial.insert("index.interval.bytes", "8192".to_owned());
    let made = topics::diff(&odd, &std::collections::BTreeMap::new());
    apply(&kafka, &made).await.unwrap();

    let changes = plan(&kafka).await.unwrap();
    let ours = ("max.message.bytes", Some("1234567".to_owned()), "4194304".to_owned());
    assert_eq!(set(&changes), [ours]);
    apply(&kafka, &changes).await.unwrap();
    assert!(plan(&kafka).await.unwrap().is_empty());

    // The operators' settings are still there, until the configuration names one of them.
    let mut with_theirs = desired(&kafka);
    with_theirs.truncate(1);
    with_theirs[0].settings.insert("retention.ms", "12345678".to_owned());
    with_theirs[0].settings.insert("index.interval.bytes", "8192".to_owned());
    assert!(topics::plan_for(&kafka, &with_theirs).await.unwrap().is_empty());
    let week = Retention::For(Duration::from_secs(7 * 86_400));
    kafka.retention.insert("events.normalized".to_owned(), week);
    let changes = plan(&kafka).await.unwrap();
    let retention = ("retention.ms", Some("12345678".to_owned()), "604800000".to_owned());
    assert_eq!(set(&changes), [retention]);
    apply(&kafka, &changes).await.unwrap();
    assert!(plan(&kafka).await.unwrap().is_empty());
}

/// What a plan sets on the first topic that it changes.
fn set(plan: &Plan) -> Vec<(&'static str, Option<String>, String)> {
    let sets = plan.changes.iter().find_map(|change| match change {
        Change::Set { settings, .. } => Some(settings.clone()),
        _ => None,
    });
    sets.unwrap_or_default()
}
