//! Storing records durably, and whether that works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use metrics::counter;
use parking_lot::Mutex;
use trunkline_schemas::{OutboundRecord, error_codes};
use trunkline_telemetry::Health;
use trunkline_telemetry::health::Part;

use super::storing::{Stands, Storing, Unstored};
use crate::metric_names;
use crate::publish::{Publish, Unpublished};
use crate::refusal::Refusal;

/// How long a caller waits for Kafka: EventBridge gives up after 5 s in all. The election of a leader, and a change of
/// Kafka's password, are mostly over within these. A record that is stored later all the same meets its repetition in
/// the processor's deduplication.
const STORE_TIMEOUT: Duration = Duration::from_secs(4);

/// But as long as this in any case, for a request that took long to arrive.
const STORE_TIMEOUT_LEAST: Duration = Duration::from_secs(1);

/// The part of the health report that says whether records are stored.
pub const STORE: &str = "store";

/// Where records are stored.
pub struct Store<P> {
    publisher: P,
    known: Arc<Mutex<Known>>,
}

/// What is known of it. Whether it is ready follows from this alone, whenever somebody asks: whoever told it as a
/// second step could be overtaken by another request, and leave behind what does not hold any more.
#[derive(Default)]
struct Known {
    storing: Storing,
    /// Why nothing is stored, where nothing is.
    reason: String,
}

// === impl Store ===

impl<P: Publish> Store<P> {
    /// Stores by this publisher, and lets `health` see whether it works.
    pub fn new(publisher: P, health: &Health) -> Self {
        let known = Arc::<Mutex<Known>>::default();
        let seen = Arc::clone(&known);
        health.watch(STORE, Arc::new(move || seen.lock().part()));
        Self { publisher, known }
    }

    /// Whether a request that came now had a chance to be stored.
    pub fn may_be_tried(&self, now: Instant) -> bool {
        self.known.lock().storing.may_be_tried(now)
    }

    /// Stores one record, however long it takes.
    pub async fn publish(&self, record: OutboundRecord) -> Result<(), Unpublished> {
        self.publisher.publish(record).await?;
        self.known.lock().storing.stored(Instant::now());
        Ok(())
    }

    /// Stores all records of a request, until `answered_by` if that is not too soon, or says what to answer.
    pub async fn store(&self, records: Vec<OutboundRecord>, answered_by: Instant) -> Result<(), Refusal> {
        let began = Instant::now();
        if !self.known.lock().storing.tries(began) {
            return Err(Refusal::Unavailable);
        }
        let left = answered_by.saturating_duration_since(began).clamp(STORE_TIMEOUT_LEAST, STORE_TIMEOUT);
        let all = join_all(records.into_iter().map(|record| self.publish(record)));
        let (failure, why) = match tokio::time::timeout(left, all).await {
            Ok(results) => match results.into_iter().find_map(Result::err) {
                None => return Ok(()),
                Some(failure @ Unpublished::QueueFull(_)) => (failure, Unstored::NoRoom(Instant::now())),
                Some(failure) => (failure, Unstored::Refused),
            },
            Err(_) => {
                let reason = format!("not acknowledged within {:.1} s", left.as_secs_f64());
                (Unpublished::Unavailable(reason), Unstored::Unanswered(began + left))
            }
        };
        counter!(metric_names::UNPUBLISHED).increment(1);
        Err(self.refusal(began, failure, why))
    }

    /// What to answer to a request that began then and was not stored.
    fn refusal(&self, began: Instant, failure: Unpublished, why: Unstored) -> Refusal {
        let (reason, refusal) = match failure {
            Unpublished::TooLarge(reason) => {
                tracing::warn!(
                    code = error_codes::BODY_TOO_LARGE.code,
                    reason,
                    "a payload is too large to store"
                );
                return Refusal::TooLargeToStore;
            }
            // This process has more to store than it may hold, which alone says nothing of the brokers.
            Unpublished::QueueFull(reason) => (reason, Refusal::Full),
            Unpublished::Unavailable(reason) => (reason, Refusal::Unavailable),
        };
        let (is_news, stands) = {
            let mut known = self.known.lock();
            (known.failed(began, why, &reason), known.storing.stands())
        };
        // Without the lock: others store meanwhile.
        if is_news {
            tracing::error!(code = error_codes::UNAVAILABLE.code, reason, "records are not stored");
        }
        if stands == Stands::Away { Refusal::Unavailable } else { refusal }
    }

    /// Whether it is time to look if the brokers answer.
    pub fn wants_a_look(&self, now: Instant) -> bool {
        self.known.lock().storing.wants_a_look(now)
    }

    /// The brokers answer, as far as can be seen without storing anything: requests may come and find out.
    pub fn answers(&self) {
        self.known.lock().storing.answers(Instant::now());
    }
}

// === impl Known ===

impl Known {
    /// As [`Storing::failed`].
    fn failed(&mut self, began: Instant, why: Unstored, reason: &str) -> bool {
        let is_news = self.storing.failed(began, why);
        if is_news {
            reason.clone_into(&mut self.reason);
        }
        is_news
    }

    fn part(&self) -> Part {
        let (ready, detail) = match self.storing.stands() {
            Stands::Untried => (true, "nothing was stored yet"),
            Stands::Stores => (true, "records are acknowledged"),
            Stands::Away => (false, self.reason.as_str()),
            Stands::Answers => (true, "the brokers answer; whether they store is being tried"),
        };
        Part { ready, detail: detail.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};

    use futures_util::FutureExt;
    use tracing::subscriber::set_default;
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

    use super::*;

    /// Brokers that never answer.
    struct Silent;

    impl Publish for Silent {
        async fn publish(&self, _: OutboundRecord) -> Result<(), Unpublished> {
            pending().await
        }
    }

    /// Brokers that refuse one record, and store those that come then.
    #[derive(Default)]
    struct Recovers(AtomicBool);

    impl Publish for Recovers {
        async fn publish(&self, _: OutboundRecord) -> Result<(), Unpublished> {
            let recovered = self.0.swap(true, Ordering::AcqRel);
            recovered.then_some(()).ok_or_else(|| Unpublished::Unavailable("no leader".to_owned()))
        }
    }

    /// A process that holds as much as it may.
    struct Full;

    impl Publish for Full {
        async fn publish(&self, _: OutboundRecord) -> Result<(), Unpublished> {
            Err(Unpublished::QueueFull("the queue is full".to_owned()))
        }
    }

    /// Stores a record at the moment at which something is logged.
    struct Meanwhile(Arc<Store<Recovers>>);

    impl<S: tracing::Subscriber> Layer<S> for Meanwhile {
        fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, S>) {
            let _ = self.0.publish(record()).now_or_never();
        }
    }

    fn record() -> OutboundRecord {
        OutboundRecord {
            topic: "t".to_owned(),
            partition: None,
            key: None,
            value: None,
            headers: Default::default(),
            timestamp: None,
        }
    }

    #[tokio::test]
    async fn a_caller_that_had_little_time_left_turns_nobody_away() {
        let store = Store::new(Silent, &Health::new());
        let began = Instant::now();
        assert_eq!(store.store(vec![record()], began).await, Err(Refusal::Unavailable));
        assert!(began.elapsed() < STORE_TIMEOUT);
        let comes = || store.known.lock().storing.tries(Instant::now());
        assert!(comes() && comes(), "one second tells nothing");
    }

    #[tokio::test]
    async fn what_is_stored_while_a_failure_is_told_is_what_counts() {
        let health = Health::new();
        let store = Arc::new(Store::new(Recovers::default(), &health));
        assert!(health.ready(), "nothing speaks against it");
        let _logged = set_default(tracing_subscriber::registry().with(Meanwhile(Arc::clone(&store))));
        assert_eq!(store.store(vec![record()], Instant::now()).await, Err(Refusal::Unavailable));
        assert!(store.may_be_tried(Instant::now()));
        assert!(health.ready(), "{:?}", health.parts());
    }

    #[tokio::test]
    async fn a_process_that_is_full_because_nothing_is_stored_is_not_ready() {
        let health = Health::new();
        let store = Store::new(Full, &health);
        let comes = || store.store(vec![record()], Instant::now());
        assert_eq!(comes().await, Err(Refusal::Full));
        assert!(health.ready(), "it has much to do");
        let waits = Instant::now();
        let given_up = waits + STORE_TIMEOUT;
        assert!(!store.known.lock().failed(waits, Unstored::Unanswered(given_up), "not acknowledged"));
        let later = Unstored::NoRoom(waits + STORE_TIMEOUT * 3);
        let full = || Unpublished::QueueFull("the queue is full".to_owned());
        assert_eq!(store.refusal(waits, full(), later), Refusal::Unavailable);
        assert!(!health.ready(), "{:?}", health.parts());
        assert_eq!(health.parts()[STORE].detail, "the queue is full");
    }
}
