//! Reads `customer.profiles` on a thread of its own: what other instances write, and erasures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::time::Duration;

use tokio::runtime::Handle;
use trunkline_config::Kafka;
use trunkline_kafka::Registry;
use trunkline_kafka::tail::{From, Tail, TailError, Tailed};
use trunkline_schemas::codec::{Decoder, schema_id};
use trunkline_schemas::{CustomerProfile, InboundRecord, catalog, error_codes};

use crate::clock;
use crate::engine::ProfileRecords;

/// Records that are read and not taken in yet; beyond that many the thread waits.
const AT_HAND: usize = 10_000;

/// How long the thread waits for a record before it looks whether it is still to read.
const POLL: Duration = Duration::from_millis(200);

/// Reading begins so long before now, in milliseconds: a processor that is started again, or a topic that could not be
/// read for a while.
const READ_AGAIN_MS: i64 = 60_000;

/// Between two attempts to read a topic that cannot be read.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A customer, with what a record says; `None` for an erasure.
type Read = (String, Option<CustomerProfile>);

/// The thread's other end.
pub struct ProfileRecordsThread {
    /// Partitions that there are in all.
    partitions: usize,
    /// Whether other instances write as well: then records are decoded, else only erasures are looked for.
    others: Arc<AtomicBool>,
    records: Receiver<Read>,
    /// The thread ends when this is gone.
    _alive: Sender<()>,
}

/// What the thread reads with.
struct Reading {
    kafka: Kafka,
    client_id: String,
    topic: String,
    runtime: Handle,
    registry: Registry,
    decoder: Decoder<CustomerProfile>,
    others: Arc<AtomicBool>,
}

// === impl ProfileRecordsThread ===

impl ProfileRecordsThread {
    /// Starts the thread, which reads on from a moment ago; it ends with its owner.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(
        kafka: &Kafka,
        instance: &str,
        runtime: Handle,
        registry: Registry,
    ) -> Result<Self, std::io::Error> {
        let (alive, owner) = mpsc::channel();
        let others = Arc::new(AtomicBool::new(true));
        let (sender, records) = mpsc::sync_channel(AT_HAND);
        let reading = Reading {
            kafka: kafka.clone(),
            client_id: format!("{instance}-profiles"),
            topic: kafka.topic(catalog::CUSTOMER_PROFILES),
            runtime,
            registry,
            decoder: Decoder::new(),
            others: others.clone(),
        };
        let partitions = usize::try_from(kafka.partitions).unwrap_or(usize::MAX);
        let thread = std::thread::Builder::new().name("profile-records".to_owned());
        thread.spawn(move || reading.run(&owner, &sender))?;
        Ok(Self { partitions, others, records, _alive: alive })
    }
}

impl ProfileRecords for ProfileRecordsThread {
    fn owns(&mut self, partitions: usize) {
        self.others.store(partitions < self.partitions, Ordering::Relaxed);
    }

    fn next(&mut self) -> Option<Read> {
        self.records.try_recv().ok()
    }
}

// === impl Reading ===

impl Reading {
    /// Reads until its owner is gone.
    fn run(mut self, owner: &Receiver<()>, records: &SyncSender<Read>) {
        let mut was_told = false;
        loop {
            // What was written while nothing was read may be an erasure; what is read twice says nothing new.
            let from = From::Timestamp(clock::now() - READ_AGAIN_MS);
            let read = Tail::open(&self.kafka, &self.client_id, std::slice::from_ref(&self.topic), from)
                .and_then(|tail| self.follow(tail, owner, records, &mut was_told));
            let Err(error) = read else { return };
            // Once, however long it lasts.
            if !std::mem::replace(&mut was_told, true) {
                let code = error_codes::BROKER_UNREACHABLE.as_str();
                tracing::warn!(code, %error, topic = self.topic, "reading what is known of customers; trying again");
            }
            if owner.recv_timeout(RETRY_AFTER) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    /// Reads until its owner is gone.
    fn follow(
        &mut self,
        mut tail: Tail,
        owner: &Receiver<()>,
        records: &SyncSender<Read>,
        was_told: &mut bool,
    ) -> Result<(), TailError> {
        while owner.try_recv() != Err(TryRecvError::Disconnected) {
            let Tailed::Record(record) = tail.next(POLL)? else { continue };
            *was_told = false;
            if let Some(read) = self.read(&record)
                && records.send(read).is_err()
            {
                return Ok(());
            }
        }
        Ok(())
    }

    /// What a record says; `None` of what is our own alone, and of what cannot be read. That costs no more than what
    /// its writer knew: the next answer of the systems says it again.
    fn read(&mut self, record: &InboundRecord) -> Option<Read> {
        let Some(value) = record.value.as_deref() else {
            let customer = String::from_utf8(record.key.clone()?).ok()?;
            return Some((customer, None));
        };
        if !self.others.load(Ordering::Relaxed) {
            return None;
        }
        let decoded = self
            .know_schema(value)
            .and_then(|()| self.decoder.decode(value).map_err(|error| error.to_string()));
        decoded
            .inspect_err(|error| {
                let (topic, partition, offset) = (&self.topic, record.partition, record.offset);
                tracing::warn!(
                    error,
                    topic,
                    partition,
                    offset,
                    "a profile that cannot be read is passed over"
                );
            })
            .ok()
            .map(|profile: CustomerProfile| (profile.customer_id.clone(), Some(profile)))
    }

    /// Fetches the schema that a value was written with, unless it is known.
    fn know_schema(&mut self, value: &[u8]) -> Result<(), String> {
        let id = schema_id(value).map_err(|error| error.to_string())?;
        if self.decoder.knows(id) {
            return Ok(());
        }
        let schema = self.runtime.block_on(self.registry.schema(id)).map_err(|error| error.to_string())?;
        self.decoder.add_writer(id, &schema).map_err(|error| error.to_string())
    }
}
