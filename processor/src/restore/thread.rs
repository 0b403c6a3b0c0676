//! Restores on a thread of their own, with clients of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use trunkline_kafka::changelog::Reader;
use trunkline_kafka::{
    CommittedOffsets, ConsumerError, LogLooks as _, LogNow, LogPosition, LogReader, TopicPartition,
};
use trunkline_schemas::error_codes;

use super::{Offsets, Progress, Request, RestoreFailure, Restorer, Step, answer};

/// Steps handed over and not yet taken: the reading waits when the writing does not keep up.
const STEPS_LIMIT: usize = 64;

/// Steps taken in one go, so that a long restore leaves time for the partitions that are processing.
const STEPS_AT_ONCE: usize = 8;

/// Between two attempts.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How long a question about committed offsets may take: as long as a transaction may stay open, and some more.
const COMMITTED_TIMEOUT: Duration = Duration::from_secs(30);

/// Restores one request after the other.
pub struct RestoreThread {
    requests: mpsc::Sender<Request>,
    steps: mpsc::Receiver<Progress>,
}

/// Offsets of the group, asked for by a client that is no member.
pub struct GroupOffsets {
    /// Asks for the offsets.
    pub client: CommittedOffsets,
    /// Asks what became of the logs.
    pub logs: LogReader,
    /// The input topic, with its prefix.
    pub input: String,
}

// === impl RestoreThread ===

impl RestoreThread {
    /// Starts the thread; it ends with its owner, or when `stop` is set.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(offsets: GroupOffsets, log: Reader, stop: Arc<AtomicBool>) -> Result<Self, std::io::Error> {
        let (requests, inbox) = mpsc::channel();
        let (outbox, steps) = mpsc::sync_channel(STEPS_LIMIT);
        std::thread::Builder::new()
            .name("restore".to_owned())
            .spawn(move || work(&inbox, &outbox, offsets, log, &stop))?;
        Ok(Self { requests, steps })
    }
}

impl Restorer for RestoreThread {
    fn request(&mut self, request: Request) {
        // The thread is gone only when the process stops.
        let _ = self.requests.send(request);
    }

    fn progress(&mut self) -> Vec<Progress> {
        self.steps.try_iter().take(STEPS_AT_ONCE).collect()
    }
}

impl Offsets for GroupOffsets {
    fn committed(&mut self, partitions: &[i32]) -> Result<Vec<Option<i64>>, ConsumerError> {
        let inputs: Vec<_> = partitions.iter().map(|p| TopicPartition::new(self.input.clone(), *p)).collect();
        self.client.committed(&inputs, COMMITTED_TIMEOUT)
    }

    fn look(&mut self, partitions: &[(i32, Option<LogPosition>)]) -> Result<Vec<LogNow>, ConsumerError> {
        let input = |number: i32| TopicPartition::new(self.input.clone(), number);
        let inputs: Vec<_> = partitions.iter().map(|(number, saved)| (input(*number), *saved)).collect();
        self.logs.look(&inputs)
    }
}

fn work(
    inbox: &mpsc::Receiver<Request>,
    outbox: &mpsc::SyncSender<Progress>,
    mut offsets: GroupOffsets,
    mut log: Reader,
    stop: &AtomicBool,
) {
    while let Ok(request) = inbox.recv() {
        let mut emit = |step| {
            // Nobody listens any more when the process stops.
            let _ = outbox.send(Progress { ticket: request.ticket, step });
        };
        while let Err(failure) = answer(&request, &mut offsets, &mut log, &mut emit) {
            if stop.load(Ordering::Acquire) {
                return;
            }
            if !failure.passes() {
                emit(Step::Failed(failure));
                break;
            }
            tracing::warn!(code = %error_codes::STATE_RESTORED_IN_FULL, error = %failure, "restoring; trying again");
            std::thread::sleep(RETRY_AFTER);
        }
    }
}

// === impl RestoreFailure ===

impl RestoreFailure {
    /// Whether another attempt may go better.
    fn passes(&self) -> bool {
        !matches!(
            self,
            Self::Position(_) | Self::Offsets(ConsumerError::Fatal { .. } | ConsumerError::Create { .. })
        )
    }
}
