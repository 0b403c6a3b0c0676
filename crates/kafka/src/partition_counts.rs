//! Whether topics still have as many partitions as the configuration says.
//!
//! Keys are written to the configured partitions and read from them, so a topic that is given more loses nothing and
//! moves nothing: work goes on. But what others write to the partitions beyond is read by nobody, and an ingest that is
//! started refuses the topic: both are said, as [TL-5004](trunkline_schemas::error_codes::TOPIC_WRONG).

use std::collections::BTreeMap;
use std::fmt;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use trunkline_config::Kafka;
use trunkline_schemas::event_id::derive;
use trunkline_schemas::{PipelineError, Severity, error_codes};

use crate::client::{self, Following};
use crate::measuring::{CALL_TIMEOUT, Measure, MeasureError, each};

/// The gauge: partitions that a topic has beyond the configured number, by `topic`; negative when some are missing.
pub const SURPLUS: &str = "trunkline_topic_surplus_partitions";
/// The gauge: records in partitions beyond the configured number, which nobody reads, by `topic`.
pub const UNREAD: &str = "trunkline_topic_unread_records";

/// A topic that has another number of partitions than configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Name, with prefix.
    pub topic: String,
    /// Partitions that it has; 0 when there is no such topic.
    pub has: i32,
    /// Partitions that the configuration says.
    pub configured: i32,
    /// Records in the partitions beyond.
    pub unread: i64,
}

/// Is told of each difference once, when it is seen for the second time in a row, and again when it has changed: a
/// topic that is being made is no news.
pub type Told = Box<dyn FnMut(Difference) + Send>;

/// Compares topics.
pub struct PartitionCounts {
    asking: Following<BaseConsumer>,
    topics: Vec<String>,
    configured: i32,
    news: News,
    told: Told,
}

/// What was seen of the topics that differ.
#[derive(Debug, Default)]
struct News(BTreeMap<String, Seen>);

/// What was seen of a topic last.
#[derive(Debug)]
struct Seen {
    has: i32,
    unread: bool,
    told: bool,
}

// === impl PartitionCounts ===

impl PartitionCounts {
    /// Prepares to compare `topics`, with their prefix, and to tell of differences.
    ///
    /// # Errors
    /// When the client refuses its settings.
    pub fn new(kafka: &Kafka, client_id: &str, topics: Vec<String>, told: Told) -> Result<Self, KafkaError> {
        metrics::describe_gauge!(SURPLUS, "Partitions of a topic beyond the configured number");
        metrics::describe_gauge!(UNREAD, "Records in partitions beyond the configured number");
        let asking = Following::make(kafka, || client::reading(kafka, client_id).create())?;
        Ok(Self { asking, topics, configured: kafka.partitions, news: News::default(), told })
    }

    fn look(&self, topic: &str, answered: &dyn Fn()) -> Result<Difference, KafkaError> {
        let metadata = self.asking.fetch_metadata(Some(topic), CALL_TIMEOUT)?;
        answered();
        let partitions = metadata.topics().first().map_or(0, |topic| topic.partitions().len());
        let has = i32::try_from(partitions).unwrap_or(i32::MAX);
        let mut unread = 0;
        for partition in self.configured..has {
            let (first, end) = self.asking.fetch_watermarks(topic, partition, CALL_TIMEOUT)?;
            unread += end - first;
        }
        Ok(Difference { topic: topic.to_owned(), has, configured: self.configured, unread })
    }
}

impl Measure for PartitionCounts {
    fn what(&self) -> &'static str {
        "the number of partitions"
    }

    fn measure(&mut self, answered: &dyn Fn()) -> Result<(), MeasureError> {
        let topics = self.topics.clone();
        each(topics, |topic| {
            let found = self.look(&topic, answered)?;
            let surplus = f64::from(found.has) - f64::from(found.configured);
            metrics::gauge!(SURPLUS, "topic" => topic.clone()).set(surplus);
            metrics::gauge!(UNREAD, "topic" => topic).set(found.unread as f64);
            if self.news.is_news(&found) {
                tracing::error!(code = %error_codes::TOPIC_WRONG, "{found}");
                (self.told)(found);
            }
            Ok(())
        })
    }
}

// === impl News ===

impl News {
    /// Whether there is something to tell of a topic that was not told before.
    fn is_news(&mut self, found: &Difference) -> bool {
        if found.has == found.configured {
            self.0.remove(&found.topic);
            return false;
        }
        let (has, unread) = (found.has, found.unread > 0);
        match self.0.get_mut(&found.topic) {
            Some(seen) if (seen.has, seen.unread) == (has, unread) => {
                !std::mem::replace(&mut seen.told, true)
            }
            _ => {
                self.0.insert(found.topic.clone(), Seen { has, unread, told: false });
                false
            }
        }
    }
}

// === impl Difference ===

impl Difference {
    /// The report of it, for `pipeline.errors`; `at` is UTC milliseconds.
    pub fn report(&self, component: &str, instance: &str, at: i64) -> PipelineError {
        PipelineError {
            error_id: derive("error", &[&self.topic, instance, &at.to_string()]),
            code: error_codes::TOPIC_WRONG.as_str().to_owned(),
            severity: Severity::Error,
            component: component.to_owned(),
            instance: instance.to_owned(),
            message: self.to_string(),
            subject: Some(self.topic.clone()),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            occurred_at: at,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topic, has, configured, unread } = self;
        match *has {
            0 => write!(formatter, "{topic} does not exist; run `trunkline topics apply`"),
            has if has < *configured => {
                write!(formatter, "{topic} has {has} partitions, the configuration says {configured}")
            }
            has => {
                write!(
                    formatter,
                    "{topic} has {has} partitions, the configuration says {configured}: those beyond are neither \
                     written nor read, and an ingest that is started refuses the topic. Move to a new prefix"
                )?;
                match unread {
                    0 => Ok(()),
                    records => {
                        write!(formatter, "; others wrote {records} records there, which nobody reads")
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(has: i32, unread: i64) -> Difference {
        Difference { topic: "t.events.normalized".to_owned(), has, configured: 6, unread }
    }

    #[test]
    fn a_difference_is_told_once_and_again_when_it_changes() {
        let mut news = News::default();
        for (has, unread, told) in [
            (6, 0, false),
            (8, 0, false),
            (8, 0, true),
            (8, 0, false),
            (8, 3, false),
            (8, 9, true),
            (8, 9, false),
            (6, 0, false),
            (0, 0, false),
            (6, 0, false),
            (0, 0, false),
            (0, 0, true),
            (0, 0, false),
        ] {
            assert_eq!(news.is_news(&found(has, unread)), told, "{has} {unread}");
        }
    }

    #[test]
    fn a_report_says_what_is_there_and_what_nobody_reads() {
        let report = found(8, 3).report("processor", "p-1", 5);
        assert_eq!(
            (report.code.as_str(), report.subject.as_deref()),
            ("TL-5004", Some("t.events.normalized"))
        );
        for part in ["has 8 partitions", "says 6", "3 records"] {
            assert!(report.message.contains(part), "{}", report.message);
        }
        assert!(!found(8, 0).to_string().contains("others wrote"));
        assert!(found(0, 0).to_string().contains("topics apply"));
        assert!(found(4, 0).to_string().contains("has 4 partitions"));
    }
}
