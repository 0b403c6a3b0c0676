//! What is not as it was with a log, in words and codes for an operator.

use trunkline_config::{OnLogChange, OnLoss};
use trunkline_schemas::record::TopicPartition;
use trunkline_schemas::{Severity, error_codes};

use super::judge::{LogNow, Verdict};
use super::position::LogPosition;

/// What is not as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// The log is not the one that was read: its offsets mean other records.
    Changed {
        /// How that shows.
        verdict: Verdict,
        /// What is known of the log that was read.
        was: LogPosition,
        /// What there is now.
        is: LogNow,
    },
    /// Records that were not read are gone.
    Removed {
        /// The first that was not read; `None` where nothing is known of what was read before.
        from: Option<i64>,
        /// The first that is still there.
        to: i64,
    },
    /// The group has no committed offset any more; the saved one says where to go on.
    OffsetsLost {
        /// Where.
        next: i64,
    },
}

// === impl Finding ===

impl Finding {
    /// Its stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => error_codes::LOG_CHANGED.as_str(),
            Self::Removed { .. } => error_codes::UNREAD_REMOVED.as_str(),
            Self::OffsetsLost { .. } => error_codes::GROUP_OFFSETS_LOST.as_str(),
        }
    }

    /// One word for a metric.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Removed { .. } => "removed",
            Self::OffsetsLost { .. } => "offsets_lost",
        }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self {
            Self::Changed { .. } | Self::Removed { .. } => Severity::Error,
            Self::OffsetsLost { .. } => Severity::Warning,
        }
    }

    /// Whether the partition goes on all the same, where the configuration says so.
    pub fn goes_on(&self, on_log_change: OnLogChange, on_loss: OnLoss) -> bool {
        match self {
            Self::Changed { .. } => on_log_change == OnLogChange::FromBeginning,
            Self::Removed { .. } => on_loss == OnLoss::Continue,
            Self::OffsetsLost { .. } => true,
        }
    }

    /// Where it goes on if it does.
    pub fn resumes_at(&self) -> i64 {
        match self {
            Self::Changed { is, .. } => is.start,
            Self::Removed { to, .. } => *to,
            Self::OffsetsLost { next } => *next,
        }
    }

    /// Whether offsets that were finished before mean nothing any more.
    pub fn voids_offsets(&self) -> bool {
        matches!(self, Self::Changed { .. })
    }

    /// Records that are passed over, as far as they can be counted.
    pub fn passed_over(&self) -> u64 {
        match self {
            Self::Removed { from, to } => u64::try_from(to - from.unwrap_or(0)).unwrap_or(0),
            Self::Changed { .. } | Self::OffsetsLost { .. } => 0,
        }
    }

    /// What happened, where, and what to do.
    pub fn message(&self, partition: &TopicPartition, goes_on: bool) -> String {
        let (what, key, choice) = match self {
            Self::Changed { verdict, was, is } => {
                (changed(*verdict, was, is), "on_log_change", "from_beginning")
            }
            Self::Removed { from: Some(from), to } => (
                format!("offsets {from} to {} were removed before they were read", to - 1),
                "on_loss",
                "continue",
            ),
            Self::Removed { from: None, to } => (
                format!(
                    "nothing says what was read of it before, and its offsets 0 to {} were removed; were they read?",
                    to - 1
                ),
                "on_loss",
                "continue",
            ),
            Self::OffsetsLost { next } => {
                return format!(
                    "{partition}: the group has no committed offset any more; it goes on at {next}, which is saved \
                     with the state"
                );
            }
        };
        let next = self.resumes_at();
        match goes_on {
            true => format!("{partition}: {what}; it goes on at {next}, as {key} = \"{choice}\" says"),
            false => format!(
                "{partition}: {what}; it stands still. To go on at {next}, set {key} = \"{choice}\" and restart"
            ),
        }
    }
}

fn changed(verdict: Verdict, was: &LogPosition, is: &LogNow) -> String {
    let (next, start, end) = (was.next, is.start, is.end);
    let how = match verdict {
        Verdict::AnotherTopic => {
            let id = |id: Option<_>| id.map_or("unknown".to_owned(), |id: super::TopicId| id.to_string());
            format!("the topic was made anew (its id was {}, and is {})", id(was.topic_id), id(is.topic_id))
        }
        Verdict::AnotherRecord { offset } => match is.last.leader_epoch() {
            Some(epoch) => {
                format!("another record lies at offset {offset}, which leader epoch {epoch} appended")
            }
            None => format!("another record lies at offset {offset}, or none"),
        },
        Verdict::Same | Verdict::Truncated | Verdict::Passed { .. } => "it lost its end".to_owned(),
    };
    let of = was.last.and_then(|last| last.leader_epoch);
    let of = of.map_or(String::new(), |epoch| format!(", of leader epoch {epoch}"));
    format!(
        "the log is not the one that was read up to offset {next}{of}: {how}; it has offsets {start} to {end}"
    )
}
