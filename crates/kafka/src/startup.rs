//! What a program waits for at its start: the registry, the topics, the brokers. An error that waiting does
//! not cure ends the start.
//!
//! Each wait says what is missing by an [`Announce`], so that readiness names it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use trunkline_config::Kafka;
use trunkline_schemas::error_codes;

use crate::registry::{Registry, RegistryError};
use crate::schemas::{self, Ids};
use crate::topics::{self, Change, TopicsError};
use crate::transactional_producer::{TransactionError, TransactionalProducer};

/// The part of a health report that says whether schema ids are known.
pub const REGISTRY: &str = "registry";

/// The part of a health report that says whether the brokers are reachable and have the topics.
pub const KAFKA: &str = "kafka";

/// Between two attempts.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Takes a part of the health report, whether it is ready, and why it is or is not.
pub type Announce<'a> = &'a (dyn Fn(&'static str, bool, &str) + Send + Sync);

/// Why topics cannot be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// They may be there later.
    NotYet(String),
    /// They are there, and wrong.
    Wrong(String),
}

/// The ids of the schemas of these topics (without prefix), registered where that is missing and allowed; waits for a
/// registry that does not answer.
///
/// # Errors
/// An error that waiting does not cure, as of [`Registry::register`].
pub async fn schema_ids(
    registry: &Registry,
    kafka: &Kafka,
    topics: &[&str],
    announce: Announce<'_>,
) -> Result<Ids, RegistryError> {
    loop {
        match schemas::ids_of(registry, kafka, topics).await {
            Ok(ids) => {
                announce(REGISTRY, true, "schemas are registered");
                return Ok(ids);
            }
            Err(error) if error.is_retryable() => {
                tracing::warn!(code = error.code(), %error, "waiting for the schema registry");
                announce(REGISTRY, false, &error.to_string());
                tokio::time::sleep(RETRY_AFTER).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits until these topics (without prefix) are there.
///
/// # Errors
/// Why one of them is wrong, which waiting does not change.
pub async fn topics(kafka: &Kafka, wanted: &[&str], announce: Announce<'_>) -> Result<(), String> {
    loop {
        match look_at_topics(kafka, wanted).await {
            Ok(()) => {
                announce(KAFKA, true, "topics are there");
                return Ok(());
            }
            Err(Missing::NotYet(reason)) => {
                tracing::warn!(reason, "waiting for Kafka");
                announce(KAFKA, false, &reason);
                tokio::time::sleep(RETRY_AFTER).await;
            }
            Err(Missing::Wrong(reason)) => return Err(reason),
        }
    }
}

/// Asks the cluster once whether these topics (without prefix) are there.
///
/// A cluster that does not allow this client to look at topics is not asked again: a wrong topic shows when
/// it is written to.
///
/// # Errors
/// Why one of them cannot be written to.
pub async fn look_at_topics(kafka: &Kafka, wanted: &[&str]) -> Result<(), Missing> {
    let ours: Vec<String> = wanted.iter().map(|topic| kafka.topic(topic)).collect();
    match topics::plan(kafka).await {
        Ok(plan) => judge(&plan.changes, &ours),
        Err(error @ TopicsError::Topic { .. }) => {
            tracing::warn!(%error, "cannot look at the topics, going on without");
            Ok(())
        }
        Err(error) => Err(Missing::NotYet(format!("{} {error}", error_codes::BROKER_UNREACHABLE))),
    }
}

/// What a plan of all topics says of ours (with their prefix).
fn judge(changes: &[Change], ours: &[String]) -> Result<(), Missing> {
    for change in changes {
        match change {
            Change::Create(topic) if ours.contains(&topic.name) => {
                let (code, name) = (error_codes::TOPIC_WRONG, &topic.name);
                let reason = format!("{code} {name} does not exist; run `trunkline topics apply`");
                return Err(Missing::NotYet(reason));
            }
            Change::Refused { topic, .. } if ours.contains(topic) => {
                return Err(Missing::Wrong(change.to_string()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The initialised producer of transactions; waits for brokers that do not answer, until `stop` is set. Blocks.
///
/// # Errors
/// [`TransactionError`] when the brokers refuse, or did not answer before `stop` was set.
pub fn transactional_producer(
    kafka: &Kafka,
    transactional_id: &str,
    stop: &AtomicBool,
    announce: Announce<'_>,
) -> Result<TransactionalProducer, TransactionError> {
    loop {
        match TransactionalProducer::open(kafka, transactional_id) {
            Ok(producer) => {
                announce(KAFKA, true, "reachable");
                return Ok(producer);
            }
            Err(error @ TransactionError::Indeterminate { .. }) if !stop.load(Ordering::Acquire) => {
                tracing::warn!(code = %error_codes::BROKER_UNREACHABLE, %error, "waiting for the brokers");
                announce(KAFKA, false, &error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topics::Desired;

    #[test]
    fn a_topic_that_is_missing_is_waited_for_and_one_that_is_wrong_is_not() {
        let ours = ["t.ours".to_owned()];
        let create = |name: &str| {
            Change::Create(Desired {
                name: name.to_owned(),
                partitions: 1,
                replication: 1,
                settings: Default::default(),
                initial: Default::default(),
            })
        };
        assert_eq!(judge(&[create("t.other")], &ours), Ok(()));
        let missing = judge(&[create("t.other"), create("t.ours")], &ours);
        assert!(
            matches!(&missing, Err(Missing::NotYet(reason)) if reason.contains("topics apply")),
            "{missing:?}"
        );
        let refused = Change::Refused { topic: "t.ours".to_owned(), has: 3, wanted: 6 };
        assert_eq!(judge(std::slice::from_ref(&refused), &ours), Err(Missing::Wrong(refused.to_string())));
    }
}
