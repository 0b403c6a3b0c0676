//! Reads `customer.profiles` on a thread of its own while other instances write to it as well.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError};
use std::time::Duration;

use tokio::runtime::Handle;
use trunkline_config::Kafka;
use trunkline_kafka::Registry;
use trunkline_kafka::tail::{From, Tail, Tailed};
use trunkline_schemas::codec::{Decoder, schema_id};
use trunkline_schemas::{CustomerProfile, InboundRecord, catalog, error_codes};

use crate::engine::ProfileRecords;

/// Records that are read and not taken in yet; beyond that many the thread waits.
const AT_HAND: usize = 10_000;

/// How long the thread waits for a record before it looks whether it is still to read.
const POLL: Duration = Duration::from_millis(200);

/// Between two attempts to read a topic that cannot be read.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A customer, with what a record says; `None` for an erasure.
type Read = (String, Option<CustomerProfile>);

/// The thread's other end.
pub struct ProfileRecordsThread {
    /// Partitions that there are in all.
    partitions: usize,
    follows: bool,
    follow: Sender<bool>,
    records: Receiver<Read>,
}

/// What the thread reads with.
struct Reading {
    kafka: Kafka,
    client_id: String,
    topic: String,
    runtime: Handle,
    registry: Registry,
    decoder: Decoder<CustomerProfile>,
}

// === impl ProfileRecordsThread ===

impl ProfileRecordsThread {
    /// Starts the thread, which reads nothing yet; it ends with its owner.
    ///
    /// # Errors
    /// When no thread can be made.
    pub fn start(
        kafka: &Kafka,
        instance: &str,
        runtime: Handle,
        registry: Registry,
    ) -> Result<Self, std::io::Error> {
        let (follow, told) = mpsc::channel();
        let (sender, records) = mpsc::sync_channel(AT_HAND);
        let reading = Reading {
            kafka: kafka.clone(),
            client_id: format!("{instance}-profiles"),
            topic: kafka.topic(catalog::CUSTOMER_PROFILES),
            runtime,
            registry,
            decoder: Decoder::new(),
        };
        let partitions = usize::try_from(kafka.partitions).unwrap_or(usize::MAX);
        let thread = std::thread::Builder::new().name("profile-records".to_owned());
        thread.spawn(move || reading.run(&told, &sender))?;
        Ok(Self { partitions, follows: false, follow, records })
    }
}

impl ProfileRecords for ProfileRecordsThread {
    fn owns(&mut self, partitions: usize) {
        let follows = partitions < self.partitions;
        if std::mem::replace(&mut self.follows, follows) != follows {
            // The thread is gone only when the process ends.
            let _ = self.follow.send(follows);
        }
    }

    fn next(&mut self) -> Option<Read> {
        self.records.try_recv().ok()
    }
}

// === impl Reading ===

impl Reading {
    /// Reads while it is told to, until its owner is gone.
    fn run(mut self, told: &Receiver<bool>, records: &SyncSender<Read>) {
        let mut follows = false;
        loop {
            if !follows {
                let Ok(told) = told.recv() else { return };
                follows = told;
                continue;
            }
            // From the end: what was written before is known to whoever wrote it.
            let read = Tail::open(&self.kafka, &self.client_id, std::slice::from_ref(&self.topic), From::End)
                .map_err(|error| error.to_string())
                .and_then(|tail| self.follow(tail, told, records));
            match read {
                Ok(Some(())) => follows = false,
                Ok(None) => return,
                Err(error) => {
                    let code = error_codes::BROKER_UNREACHABLE.as_str();
                    tracing::warn!(code, %error, topic = self.topic, "reading what other instances know; trying again");
                    match told.recv_timeout(RETRY_AFTER) {
                        Ok(told) => follows = told,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            }
        }
    }

    /// Reads until it is told not to; `None` when its owner is gone.
    fn follow(
        &mut self,
        mut tail: Tail,
        told: &Receiver<bool>,
        records: &SyncSender<Read>,
    ) -> Result<Option<()>, String> {
        loop {
            match told.try_recv() {
                Ok(false) => return Ok(Some(())),
                Err(TryRecvError::Disconnected) => return Ok(None),
                Ok(true) | Err(TryRecvError::Empty) => {}
            }
            let Tailed::Record(record) = tail.next(POLL).map_err(|error| error.to_string())? else {
                continue;
            };
            if let Some(read) = self.read(&record)
                && records.send(read).is_err()
            {
                return Ok(None);
            }
        }
    }

    /// What a record says; `None` of what cannot be read. That costs no more than what its writer knew: the next answer
    /// of the systems says it again.
    fn read(&mut self, record: &InboundRecord) -> Option<Read> {
        let Some(value) = record.value.as_deref() else {
            let customer = String::from_utf8(record.key.clone()?).ok()?;
            return Some((customer, None));
        };
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
