//! Which partitions stand still because of what their logs turned out to be. A state machine without a clock or a
//! client; both stream loops have one.

use std::collections::BTreeMap;

use trunkline_config::{OnLogChange, OnLoss};
use trunkline_schemas::PipelineError;
use trunkline_schemas::record::TopicPartition;

use super::finding::Finding;
use super::judge::{FirstUnread, LogNow, Verdict, judge};
use super::position::LogPosition;
use super::watch::{Looked, Watched};

/// The gauge of partitions that stand still, by `topic`, `partition` and `reason`.
const STOPPED: &str = "trunkline_log_stopped";

/// The counter of records that nobody read, by `topic`.
const PASSED_OVER: &str = "trunkline_records_passed_over_total";

/// The counter of partitions that went on by their saved offset, since the group had none any more, by `topic`.
const OFFSETS_LOST: &str = "trunkline_group_offsets_lost_total";

/// What a partition begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Where it is read from.
    pub position: LogPosition,
    /// Finished offsets that are saved mean nothing: they are of another log.
    pub afresh: bool,
    /// What is not as it was; `None` when all is.
    pub finding: Option<Finding>,
    /// It is not read until somebody decides.
    pub stands_still: bool,
}

/// What follows from a look at a partition that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it stands still already, or the look was at another reading of it.
    Nothing,
    /// It stands still from now on.
    Stop(Finding),
    /// Its log is the one that is read.
    ReadOn {
        /// No record lies between what was read and this offset.
        skip_to: Option<i64>,
        /// The client may have stopped reading it, and is to read it from here.
        seek_to: Option<i64>,
    },
}

/// What stands still, and who is told.
#[derive(Debug)]
pub struct LogGuard {
    on_log_change: OnLogChange,
    on_loss: OnLoss,
    component: &'static str,
    instance: String,
    stopped: BTreeMap<TopicPartition, Finding>,
    /// What was reported last, so that the same is not said again with each restore.
    said: BTreeMap<TopicPartition, (Finding, bool)>,
    /// How often each partition was begun or went on with another log: a look may be older than that.
    readings: BTreeMap<TopicPartition, u64>,
}

// === impl LogGuard ===

impl LogGuard {
    /// Nothing stands still; what follows from what is found is what these say.
    pub fn new(on_log_change: OnLogChange, on_loss: OnLoss, component: &'static str, instance: &str) -> Self {
        metrics::describe_gauge!(
            STOPPED,
            "1 while a partition stands still because its log is not what it was, by reason: changed (another log), removed (unread records are gone)"
        );
        metrics::describe_counter!(
            PASSED_OVER,
            "Offsets that were removed before they were read, and that on_loss = \"continue\" passed over"
        );
        metrics::describe_counter!(
            OFFSETS_LOST,
            "Partitions of which the group had no committed offset any more, and that went on by the saved one"
        );
        Self {
            on_log_change,
            on_loss,
            component,
            instance: instance.to_owned(),
            stopped: BTreeMap::new(),
            said: BTreeMap::new(),
            readings: BTreeMap::new(),
        }
    }

    /// Decides where a partition begins: `saved` with its state, `committed` by its group, and `now` as brokers say.
    pub fn open(
        &mut self,
        partition: &TopicPartition,
        saved: Option<LogPosition>,
        committed: Option<i64>,
        now: &LogNow,
    ) -> Opening {
        // Counters are there from the start: an alert on their increase sees the first of each.
        metrics::counter!(PASSED_OVER, "topic" => partition.topic.clone()).increment(0);
        metrics::counter!(OFFSETS_LOST, "topic" => partition.topic.clone()).increment(0);
        // The group's offset says where, the saved position which log: they were committed together, unless an earlier
        // build or an operator moved the offset.
        let was = match (saved, committed) {
            (Some(saved), Some(committed)) => Some(LogPosition { next: committed, ..saved }),
            (Some(saved), None) => Some(saved),
            (None, Some(committed)) => Some(LogPosition::at(committed)),
            (None, None) => None,
        };
        let finding = match was {
            Some(was) => {
                let lost = committed.is_none().then_some(Finding::OffsetsLost { next: was.next });
                // Which log it is does not depend on where the group's offset was moved to.
                let changed = saved.and_then(|saved| find(&saved, now)).filter(Finding::voids_offsets);
                changed.or_else(|| find(&was, now)).or(lost)
            }
            None => (now.start > 0).then_some(Finding::Removed { from: None, to: now.start }),
        };
        let afresh = finding.is_some_and(|finding| finding.voids_offsets());
        let next = match (finding, was) {
            (Some(finding), _) => finding.resumes_at(),
            (None, Some(was)) => was.next,
            (None, None) => now.start,
        };
        let same = was.filter(|_| !afresh);
        // Brokers that do not say the id today may have said it before.
        let topic_id = now.topic_id.or(same.and_then(|same| same.topic_id));
        let position = LogPosition { topic_id, next, last: same.and_then(|same| same.last) };
        let stands_still = match finding {
            Some(finding) if self.stops(&finding) => {
                self.stop(partition, finding);
                true
            }
            _ => {
                self.clear(partition);
                false
            }
        };
        self.begins_anew(partition);
        Opening { position, afresh, finding, stands_still }
    }

    /// Says which reading of each partition it is, so that what is seen of it is not taken for a later one.
    pub fn number(&self, mut read: Vec<Watched>) -> Vec<Watched> {
        read.iter_mut().for_each(|watched| watched.reading = self.reading(&watched.partition));
        read
    }

    fn reading(&self, partition: &TopicPartition) -> u64 {
        self.readings.get(partition).copied().unwrap_or_default()
    }

    fn begins_anew(&mut self, partition: &TopicPartition) {
        *self.readings.entry(partition.clone()).or_default() += 1;
    }

    /// Takes in a look at a partition that is being read, of which `held` is what was read by now. What is found is
    /// returned once, and the partition stands still from then on.
    pub fn look(&mut self, looked: &Looked, held: &Watched) -> Step {
        let Looked { watched, now, first, urgent } = looked;
        let partition = &watched.partition;
        if watched.reading != self.reading(partition) || self.stopped.contains_key(partition) {
            return Step::Nothing;
        }
        let next = watched.read_to(now, held.read_to);
        let read = LogPosition { topic_id: held.topic_id, next, last: watched.last };
        if let Some(finding) = find(&read, now) {
            self.stop(partition, finding);
            return Step::Stop(finding);
        }
        // Markers of transactions, of which a reader sees nothing.
        let only_markers = *first == FirstUnread::Nothing && watched.next == held.read_to;
        let skip_to = (only_markers && now.end > held.read_to).then_some(now.end);
        // The client stopped reading one of the partitions and does not say which.
        Step::ReadOn { skip_to, seek_to: urgent.then_some(held.read_to) }
    }

    /// Why a partition stands still.
    pub fn stopped(&self, partition: &TopicPartition) -> Option<Finding> {
        self.stopped.get(partition).copied()
    }

    /// Whether nothing more is read of the log that was read: it is another one by now, or somebody has to decide.
    /// One that goes on behind what it lost is read on.
    pub fn reads_no_more(&self, partition: &TopicPartition) -> bool {
        let finding = self.stopped(partition);
        finding.is_some_and(|finding| finding.voids_offsets() || self.stops(&finding))
    }

    /// Partitions that stand still and go on by themselves, as the configuration says, once all that was read of them
    /// is finished.
    pub fn resumable(&self) -> Vec<(TopicPartition, Finding)> {
        let stopped = self.stopped.iter().filter(|(_, finding)| !self.stops(finding));
        stopped.map(|(partition, finding)| (partition.clone(), *finding)).collect()
    }

    /// A partition is read again.
    pub fn go_on(&mut self, partition: &TopicPartition) {
        self.begins_anew(partition);
        self.clear(partition);
    }

    fn clear(&mut self, partition: &TopicPartition) {
        if let Some(finding) = self.stopped.remove(partition) {
            gauge(partition, &finding, 0.0);
        }
    }

    /// A partition is not ours any more.
    pub fn forget(&mut self, partition: &TopicPartition) {
        self.go_on(partition);
        self.said.remove(partition);
    }

    /// The report of what was found; none when it was made before. Counts what is passed over with it.
    pub fn report(
        &mut self,
        partition: &TopicPartition,
        finding: Finding,
        id: String,
        now_ms: i64,
    ) -> Option<PipelineError> {
        let goes_on = !self.stops(&finding);
        if self.said.insert(partition.clone(), (finding, goes_on)) == Some((finding, goes_on)) {
            return None;
        }
        if goes_on {
            metrics::counter!(PASSED_OVER, "topic" => partition.topic.clone())
                .increment(finding.passed_over());
        }
        if matches!(finding, Finding::OffsetsLost { .. }) {
            metrics::counter!(OFFSETS_LOST, "topic" => partition.topic.clone()).increment(1);
        }
        let message = finding.message(partition, goes_on);
        tracing::error!(code = finding.code(), partition = %partition, "{message}");
        Some(PipelineError {
            error_id: id,
            code: finding.code().to_owned(),
            severity: finding.severity(),
            component: self.component.to_owned(),
            instance: self.instance.clone(),
            message,
            subject: Some(partition.to_string()),
            conversation_id: None,
            contact_id: None,
            flow_session_id: None,
            correlation_id: None,
            occurred_at: now_ms,
        })
    }

    /// Whether nothing stands still, and the detail for the readiness.
    pub fn readiness(&self) -> (bool, String) {
        let mut stopped = self.stopped.iter();
        match stopped.next() {
            None => (true, "every log is the one that was read".to_owned()),
            Some((partition, finding)) => {
                let message = finding.message(partition, !self.stops(finding));
                let code = finding.code();
                match stopped.len() {
                    0 => (false, format!("{code} {message}")),
                    more => (false, format!("{code} {message} (and {more} more)")),
                }
            }
        }
    }

    fn stops(&self, finding: &Finding) -> bool {
        !finding.goes_on(self.on_log_change, self.on_loss)
    }

    fn stop(&mut self, partition: &TopicPartition, finding: Finding) {
        self.clear(partition);
        gauge(partition, &finding, 1.0);
        self.stopped.insert(partition.clone(), finding);
    }
}

/// What speaks against a log.
fn find(was: &LogPosition, now: &LogNow) -> Option<Finding> {
    match judge(was, now) {
        Verdict::Same => None,
        Verdict::Passed { from, to } => Some(Finding::Removed { from: Some(from), to }),
        verdict => Some(Finding::Changed { verdict, was: *was, is: *now }),
    }
}

fn gauge(partition: &TopicPartition, finding: &Finding, value: f64) {
    let labels = [
        ("topic", partition.topic.clone()),
        ("partition", partition.partition.to_string()),
        ("reason", finding.reason().to_owned()),
    ];
    metrics::gauge!(STOPPED, &labels).set(value);
}

#[cfg(test)]
mod tests;
