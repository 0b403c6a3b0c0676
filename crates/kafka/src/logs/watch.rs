//! Looks at the logs that are read, every few seconds, beside the loop that reads them: whether each is still the one
//! that was read, and how old the oldest record is that is not finished.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use trunkline_config::Kafka;
use trunkline_schemas::record::TopicPartition;

use super::compared::Compared;
use super::judge::{AtLast, FirstUnread, LogNow};
use super::position::{Mark, TopicId};
use super::reader::LogReader;
use crate::consumer_error::ConsumerError;
use crate::time_of_day::time_of_day;
use crate::topics::{self, RecordTimes};

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(3);

/// Between two looks at what topics do with the times of records.
const SETTINGS_INTERVAL: Duration = Duration::from_secs(60);

/// The gauge: seconds since the oldest record was written that is not finished, by `topic` and `partition`.
const OLDEST_UNREAD: &str = "trunkline_oldest_unread_age_seconds";

/// The gauge: seconds for which a topic keeps its records, by `topic` and `partition`, to be compared with the ages.
const RETENTION: &str = "trunkline_topic_retention_seconds";

/// The gauge: 1 while a topic that is read takes the times of its records from their writers, by `topic`.
const TIMED_BY_WRITERS: &str = "trunkline_topic_timed_by_writers";

/// A partition that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Which.
    pub partition: TopicPartition,
    /// The id of the topic that was read.
    pub topic_id: Option<TopicId>,
    /// Everything below this offset is finished.
    pub next: i64,
    /// Everything below this offset was read.
    pub read_to: i64,
    /// The last record that was read; `None` where none was.
    pub last: Option<Mark>,
    /// Which reading of the partition it is, as [`LogGuard::number`](super::LogGuard::number) counts them; 0 before.
    pub reading: u64,
}

/// What a look showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// What was looked at, as it was then; its last record is the one that was compared ([`Compared`]).
    pub watched: Watched,
    /// What the brokers say.
    pub now: LogNow,
    /// The first record from [`Watched::next`] on.
    pub first: FirstUnread,
    /// It was asked for by [`LogWatch::look_now`].
    pub urgent: bool,
}

/// Looks at logs beside a loop.
pub trait LogWatch {
    /// These are read, as far as this, and no others.
    fn watch(&mut self, read: Vec<Watched>);

    /// Looks as soon as possible: the client met an offset that its log does not have.
    fn look_now(&mut self);

    /// What was seen since the last call.
    fn take(&mut self) -> Vec<Looked>;
}

/// A watch on a thread of its own; it ends with its owner.
pub struct WatchThread {
    shared: Arc<Shared>,
    seen: mpsc::Receiver<Looked>,
    /// Dropping it wakes the thread.
    wake: mpsc::Sender<()>,
}

#[derive(Default)]
struct Shared {
    watched: Mutex<Vec<Watched>>,
    urgent: AtomicBool,
}

/// What the thread has.
struct Eye {
    reader: LogReader,
    kafka: Kafka,
    shared: Arc<Shared>,
    seen: mpsc::Sender<Looked>,
    /// Partitions with a gauge above zero, perhaps.
    measured: BTreeSet<TopicPartition>,
    /// Partitions that a look was asked for and that could not be looked at yet.
    owed: BTreeSet<TopicPartition>,
    settings_at: Option<Instant>,
    compared: Compared,
}

// === impl Watched ===

impl Watched {
    /// How far it was read, to be compared with what the brokers said: as it was then, since their answer is younger.
    /// Only what was read until now (`read_to`) counts where the beginning of the log has passed that.
    pub(super) fn read_to(&self, now: &LogNow, read_to: i64) -> i64 {
        match now.start > self.read_to {
            true => read_to.max(self.read_to).min(now.start),
            false => self.read_to,
        }
    }
}

// === impl WatchThread ===

impl WatchThread {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`ConsumerError::Create`] when the client refuses its settings, [`ConsumerError::Thread`] when no thread can be
    /// started.
    pub fn start(kafka: &Kafka, client_id: &str) -> Result<Self, ConsumerError> {
        metrics::describe_gauge!(
            OLDEST_UNREAD,
            "Seconds since the oldest record of a partition was written that is not finished; 0 when all are"
        );
        metrics::describe_gauge!(RETENTION, "Seconds for which a topic keeps its records");
        metrics::describe_gauge!(
            TIMED_BY_WRITERS,
            "1 while the times of a topic's records are those of their writers (CreateTime) and not the brokers'"
        );
        let shared = Arc::new(Shared::default());
        let (outbox, seen) = mpsc::channel();
        let (wake, waking) = mpsc::channel();
        let mut eye = Eye {
            reader: LogReader::open(kafka, client_id)?,
            kafka: kafka.clone(),
            shared: Arc::clone(&shared),
            seen: outbox,
            measured: BTreeSet::new(),
            owed: BTreeSet::new(),
            settings_at: None,
            compared: Compared::default(),
        };
        let look_on = move || {
            while waking.recv_timeout(INTERVAL) != Err(mpsc::RecvTimeoutError::Disconnected) {
                while waking.try_recv().is_ok() {}
                eye.look();
            }
        };
        let started = std::thread::Builder::new().name("logs".to_owned()).spawn(look_on);
        started.map_err(|error| ConsumerError::Thread { reason: error.to_string() })?;
        Ok(Self { shared, seen, wake })
    }
}

impl LogWatch for WatchThread {
    fn watch(&mut self, read: Vec<Watched>) {
        *self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner) = read;
    }

    fn look_now(&mut self) {
        self.shared.urgent.store(true, Ordering::Release);
        // The thread is gone only when the process stops.
        let _ = self.wake.send(());
    }

    fn take(&mut self) -> Vec<Looked> {
        self.seen.try_iter().collect()
    }
}

// === impl Eye ===

impl Eye {
    fn look(&mut self) {
        let wanted = self.shared.urgent.swap(false, Ordering::AcqRel);
        let watched = self.shared.watched.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.forget_others(&watched);
        if watched.is_empty() {
            // The list may come just behind the wish, which is not forgotten.
            self.shared.urgent.fetch_or(wanted, Ordering::AcqRel);
            return;
        }
        if wanted {
            self.owed.extend(watched.iter().map(|watched| watched.partition.clone()));
        }
        match self.look_at(watched) {
            Ok(looked) => {
                for mut looked in looked {
                    looked.urgent = self.owed.remove(&looked.watched.partition);
                    self.measure(&looked);
                    // Nobody listens any more when the process stops.
                    let _ = self.seen.send(looked);
                }
            }
            Err(error) => tracing::warn!(%error, "looking at the logs that are read; trying again"),
        }
        self.look_at_settings();
    }

    fn look_at(&mut self, watched: Vec<Watched>) -> Result<Vec<Looked>, ConsumerError> {
        let topics: BTreeSet<&str> = watched.iter().map(|watched| watched.partition.topic.as_str()).collect();
        let ids = self.reader.ids(&topics.into_iter().collect::<Vec<_>>())?;
        let mut ends = HashMap::new();
        let mut behind = Vec::new();
        for Watched { partition, next, .. } in &watched {
            let (start, end) = match self.reader.ends(partition) {
                Ok(ends) => ends,
                // The others are looked at all the same.
                Err(error) => {
                    tracing::debug!(%error, %partition, "looking at a log");
                    continue;
                }
            };
            ends.insert(partition.clone(), (start, end));
            if *next < end {
                behind.push((partition.clone(), (*next).max(start)));
            }
        }
        let mut compared = self.compare(&watched, &ends)?;
        let first = self.reader.first_from(&behind)?;
        let looked = watched.into_iter().filter_map(|watched| {
            let (start, end) = *ends.get(&watched.partition)?;
            // One of whose records none could be looked at is not known to be what it was.
            let (read, last) = compared.remove(&watched.partition)?;
            self.compared.looked_at(&watched);
            let topic_id = ids.get(&watched.partition.topic).copied();
            let first = match first.get(&watched.partition) {
                Some(first) => *first,
                None if watched.next >= end => FirstUnread::Nothing,
                None => FirstUnread::NotLooked,
            };
            let now = LogNow { topic_id, start, end, last };
            Some(Looked { watched: Watched { last: read, ..watched }, now, first, urgent: false })
        });
        Ok(looked.collect())
    }

    /// A record that was read of each partition, and what lies there now: the first of those compared that is not what
    /// it was, else the last. A partition is left out where one could not be looked at.
    fn compare(
        &self,
        watched: &[Watched],
        ends: &HashMap<TopicPartition, (i64, i64)>,
    ) -> Result<HashMap<TopicPartition, (Option<Mark>, AtLast)>, ConsumerError> {
        let mut found: HashMap<TopicPartition, (Option<Mark>, AtLast)> =
            watched.iter().map(|watched| (watched.partition.clone(), (None, AtLast::NotLooked))).collect();
        let chosen = watched.iter().map(|watched| {
            let urgent = self.owed.contains(&watched.partition);
            (&watched.partition, self.compared.choose(watched, urgent))
        });
        let chosen: Vec<_> = chosen.collect();
        let most = chosen.iter().map(|(_, anchors)| anchors.len()).max().unwrap_or(0);
        for number in 0..most {
            let of_each = chosen.iter().filter_map(|(partition, anchors)| {
                let (read, now) = *found.get(*partition)?;
                let differs = read.is_some_and(|read| now.differs_from(read));
                Some((*partition, *anchors.get(number).filter(|_| !differs)?, *ends.get(*partition)?))
            });
            let of_each: Vec<_> = of_each.collect();
            let asked: Vec<_> = of_each
                .iter()
                .map(|(partition, anchor, ends)| ((*partition).clone(), Some(anchor.offset), *ends))
                .collect();
            let mut at = self.reader.at(&asked)?;
            for (partition, anchor, _) in of_each {
                match at.remove(partition) {
                    Some(now) => drop(found.insert(partition.clone(), (Some(anchor), now))),
                    None => drop(found.remove(partition)),
                }
            }
        }
        Ok(found)
    }

    fn measure(&mut self, looked: &Looked) {
        let age_ms = match looked.first {
            FirstUnread::NotLooked => return,
            FirstUnread::Nothing => 0,
            FirstUnread::Record { timestamp, .. } => time_of_day().saturating_sub(timestamp).max(0),
        };
        gauge(&looked.watched.partition, age_ms as f64 / 1_000.0);
        self.measured.insert(looked.watched.partition.clone());
    }

    /// Whoever reads them now measures them.
    fn forget_others(&mut self, watched: &[Watched]) {
        let read = |partition: &TopicPartition| watched.iter().any(|watched| watched.partition == *partition);
        self.owed.retain(read);
        self.compared.retain(read);
        self.measured.retain(|partition| {
            let stays = read(partition);
            if !stays {
                gauge(partition, 0.0);
                timed_by_writers(&partition.topic, false);
            }
            stays
        });
    }

    fn look_at_settings(&mut self) {
        if self.settings_at.is_some_and(|at| at.elapsed() < SETTINGS_INTERVAL) {
            return;
        }
        self.settings_at = Some(Instant::now());
        let topics: BTreeSet<String> =
            self.measured.iter().map(|partition| partition.topic.clone()).collect();
        let times = match record_times(&self.kafka, &topics.into_iter().collect::<Vec<_>>()) {
            Ok(times) => times,
            Err(error) => return tracing::debug!(error, "reading what topics do with the times of records"),
        };
        for partition in &self.measured {
            if let Some(kept_ms) = times.get(&partition.topic).and_then(|times| times.kept_ms) {
                metrics::gauge!(RETENTION, &labels(partition)).set(kept_ms as f64 / 1_000.0);
            }
        }
        for (topic, RecordTimes { by_brokers, .. }) in times {
            timed_by_writers(&topic, !by_brokers);
        }
    }
}

fn record_times(kafka: &Kafka, topics: &[String]) -> Result<BTreeMap<String, RecordTimes>, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let asked = runtime.map_err(|error| error.to_string())?.block_on(topics::record_times(kafka, topics));
    asked.map_err(|error| error.to_string())
}

fn gauge(partition: &TopicPartition, seconds: f64) {
    metrics::gauge!(OLDEST_UNREAD, &labels(partition)).set(seconds);
}

fn timed_by_writers(topic: &str, is: bool) {
    metrics::gauge!(TIMED_BY_WRITERS, "topic" => topic.to_owned()).set(f64::from(u8::from(is)));
}

fn labels(partition: &TopicPartition) -> [(&'static str, String); 2] {
    [("topic", partition.topic.clone()), ("partition", partition.partition.to_string())]
}
