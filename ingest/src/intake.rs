//! Taking a request in: verify, map, claim, publish, and only then say yes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;
use futures_util::future::join_all;
use metrics::{counter, gauge, histogram};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use trunkline_config::{Ingest, Source};
use trunkline_kafka::OutboundRecord;
use trunkline_schemas::SchemaDrift;
use trunkline_schemas::error_codes;
use trunkline_telemetry::Health;

use crate::drift::{DriftLog, Origin};
use crate::map::{Accepted, ElementOutcome, PutAside, map_payload};
use crate::publish::{Publish, Unpublished};
use crate::records::Records;
use crate::refusal::Refusal;
use crate::schema::Difference;
use crate::trace_context::TraceContext;
use crate::transport_window::{Claim, TransportWindow};
use crate::verify::Verifier;
use crate::{body, canonical, metric_names};

/// How long a caller waits for Kafka: less than the 10 s that Genesys waits. A record that is stored later all the same
/// meets its repetition in the processor's deduplication.
const STORE_TIMEOUT: Duration = Duration::from_secs(8);

/// The part of the health report that says whether records are stored.
pub const STORE: &str = "store";

/// Everything needed to take requests in.
pub struct Intake<P> {
    sources: BTreeMap<String, SourceIntake>,
    settings: Ingest,
    records: Records,
    publisher: P,
    slots: Semaphore,
    drift: Mutex<DriftLog>,
    health: Arc<Health>,
    storing: AtomicBool,
    clock: Clock,
}

/// Gives the time, UTC milliseconds; an argument so that tests decide what time it is.
pub type Clock = fn() -> i64;

struct SourceIntake {
    source: Source,
    verifier: Verifier,
    window: Mutex<TransportWindow>,
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// True when the body was an array.
    pub batch: bool,
    /// Ids of the stored events, in order.
    pub event_ids: Vec<String>,
    /// Hashes of the elements put aside.
    pub quarantined: Vec<String>,
}

/// A request's place among those being worked on.
struct Slot<'a> {
    _permit: SemaphorePermit<'a>,
}

/// Claims of a request on its transport ids; settled when dropped, also when the caller goes away.
struct Claims<'a> {
    window: &'a Mutex<TransportWindow>,
    ids: Vec<&'a str>,
    accepted: bool,
}

// === impl Intake ===

impl<P: Publish> Intake<P> {
    /// Prepares every source.
    pub fn new(
        sources: &BTreeMap<String, Source>,
        settings: Ingest,
        records: Records,
        publisher: P,
        health: Arc<Health>,
        clock: Clock,
    ) -> Self {
        let prepare = |source: &Source| SourceIntake {
            source: source.clone(),
            verifier: Verifier::new(&source.verify),
            window: Mutex::default(),
        };
        Self {
            sources: sources.iter().map(|(name, source)| (name.clone(), prepare(source))).collect(),
            slots: Semaphore::new(settings.max_in_flight),
            settings,
            records,
            publisher,
            drift: Mutex::default(),
            health,
            storing: AtomicBool::new(true),
            clock,
        }
    }

    /// The configured name of a source, for labels; `unknown` for what is not configured.
    pub fn label(&self, source: &str) -> String {
        if self.sources.contains_key(source) { source.to_owned() } else { "unknown".to_owned() }
    }

    /// Takes a request in. When this returns `Ok`, every element is stored on all in-sync replicas, as an event or in
    /// quarantine; when it fails, the caller may send it again.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that the caller is answered with.
    pub async fn take(&self, source: &str, headers: &HeaderMap, body: Body) -> Result<Taken, Refusal> {
        let Some(intake) = self.sources.get(source) else {
            body::discard(body, headers).await;
            return Err(Refusal::UnknownSource);
        };
        let Some(_slot) = self.slot() else {
            body::discard(body, headers).await;
            return Err(Refusal::Full);
        };
        let body = body::read(body, headers, self.settings.body_limit_bytes).await?;
        histogram!(metric_names::BODY_BYTES, "source" => source.to_owned()).record(body.len() as f64);
        if !intake.verifier.verifies(headers, &body) {
            return Err(Refusal::NotVerified);
        }
        self.take_verified(intake, headers, &body).await
    }

    async fn take_verified(
        &self,
        intake: &SourceIntake,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Taken, Refusal> {
        let now = (self.clock)();
        let outcome = map_payload(&intake.source, self.settings.json_depth, body, headers, now)?;
        let (mut accepted, mut put_aside) = (Vec::new(), Vec::new());
        for element in outcome.elements {
            match element {
                ElementOutcome::Event(event) => accepted.push(*event),
                ElementOutcome::Quarantined(payload) => put_aside.push(*payload),
            }
        }
        let mut claims = Claims::of(&intake.window, &accepted)?;
        self.store(self.encode(&accepted, &put_aside, headers)?).await?;
        claims.accepted = true;
        self.note(&intake.source, &accepted, &put_aside, now);
        match put_aside.first() {
            Some(first) if accepted.is_empty() => Err(Refusal::Quarantined {
                reason: first.payload.reason.clone(),
                hash: first.payload.payload_hash.clone(),
            }),
            _ => Ok(Taken {
                batch: outcome.batch,
                event_ids: accepted.iter().map(|accepted| accepted.event.event_id.clone()).collect(),
                quarantined: put_aside
                    .iter()
                    .map(|put_aside| put_aside.payload.payload_hash.clone())
                    .collect(),
            }),
        }
    }

    fn slot(&self) -> Option<Slot<'_>> {
        let permit = self.slots.try_acquire().ok()?;
        gauge!(metric_names::IN_FLIGHT).increment(1);
        Some(Slot { _permit: permit })
    }

    fn encode(
        &self,
        accepted: &[Accepted],
        put_aside: &[PutAside],
        headers: &HeaderMap,
    ) -> Result<Vec<OutboundRecord>, Refusal> {
        let trace = TraceContext::of(headers);
        let events = accepted.iter().map(|accepted| self.records.event(&accepted.event, &trace));
        let payloads = put_aside.iter().map(|put_aside| self.records.quarantined(&put_aside.payload, &trace));
        events.chain(payloads).collect::<Result<_, _>>().map_err(|error| {
            tracing::error!(%error, "a record cannot be encoded");
            Refusal::Unavailable
        })
    }

    /// Stores all records, or says what to answer.
    async fn store(&self, records: Vec<OutboundRecord>) -> Result<(), Refusal> {
        let all = join_all(records.into_iter().map(|record| self.publisher.publish(record)));
        let failure = match tokio::time::timeout(STORE_TIMEOUT, all).await {
            Ok(results) => results.into_iter().find_map(Result::err),
            Err(_) => Some(Unpublished::Unavailable(format!(
                "not acknowledged within {} s",
                STORE_TIMEOUT.as_secs()
            ))),
        };
        let Some(failure) = failure else {
            self.store_answers();
            return Ok(());
        };
        counter!(metric_names::UNPUBLISHED).increment(1);
        match failure {
            Unpublished::TooLarge(reason) => {
                tracing::warn!(
                    code = error_codes::BODY_TOO_LARGE.code,
                    reason,
                    "a payload is too large to store"
                );
                Err(Refusal::TooLargeToStore)
            }
            Unpublished::Unavailable(reason) => {
                if self.storing.swap(false, Ordering::Relaxed) {
                    tracing::error!(code = error_codes::UNAVAILABLE.code, reason, "records are not stored");
                    self.health.set(STORE, false, &reason);
                }
                Err(Refusal::Unavailable)
            }
        }
    }

    /// The store works, or works again.
    pub fn store_answers(&self) {
        // The flag spares the hot path the lock behind the health report.
        if !self.storing.swap(true, Ordering::Relaxed) {
            self.health.set(STORE, true, "records are acknowledged");
        }
    }

    /// Counts what was stored, and what was noticed on the way.
    fn note(&self, source: &Source, accepted: &[Accepted], put_aside: &[PutAside], now: i64) {
        let name = source.name.clone();
        if !accepted.is_empty() {
            counter!(metric_names::EVENTS, "source" => name.clone()).increment(accepted.len() as u64);
        }
        if !put_aside.is_empty() {
            counter!(metric_names::QUARANTINED, "source" => name).increment(put_aside.len() as u64);
        }
        for Accepted { event, drift, .. } in accepted {
            let sample = || canonical::sha256_hex(event.data.as_bytes());
            self.note_drift(source, &event.source.schema_version, &event.source_type, drift, sample, now);
        }
        for PutAside { payload, source_type, schema_version, drift } in put_aside {
            tracing::warn!(
                code = payload.code,
                source = payload.source,
                payload_hash = payload.payload_hash,
                reason = payload.reason,
                "payload quarantined"
            );
            self.note_drift(source, schema_version, source_type, drift, || payload.payload_hash.clone(), now);
        }
    }

    fn note_drift(
        &self,
        source: &Source,
        schema_version: &str,
        source_type: &str,
        drift: &[Difference],
        sample_hash: impl Fn() -> String,
        now: i64,
    ) {
        if drift.is_empty() {
            return;
        }
        let origin = Origin { source: &source.name, kind: source.kind.as_str(), schema_version, source_type };
        let mut log = self.drift.lock();
        for difference in drift {
            counter!(metric_names::DRIFT, "source" => source.name.clone(), "change" => difference.change.as_str())
                .increment(1);
            log.record(origin, difference, &sample_hash, now);
        }
    }

    /// Publishes what is due of the drift log; all of it at a shutdown.
    pub async fn report_drift(&self, all: bool) {
        let now = (self.clock)();
        let (due, overflow) = {
            let mut log = self.drift.lock();
            (log.due(now, all), log.overflow())
        };
        gauge!(metric_names::DRIFT_OVERFLOW).set(overflow as f64);
        let results = join_all(due.iter().map(|drift| async move {
            let record = self.records.drift(drift, now).map_err(|error| error.to_string())?;
            self.publisher.publish(record).await.map_err(|error| error.to_string())
        }))
        .await;
        let failed: Vec<(SchemaDrift, String)> =
            due.into_iter().zip(results).filter_map(|(drift, result)| Some((drift, result.err()?))).collect();
        if let Some((_, error)) = failed.first() {
            tracing::warn!(error, records = failed.len(), "drift could not be reported, it is tried again");
            self.drift.lock().give_back(failed.into_iter().map(|(drift, _)| drift).collect());
        }
    }
}

// === impl Claims ===

impl<'a> Claims<'a> {
    /// Claims the transport ids of all events, or none of them.
    fn of(window: &'a Mutex<TransportWindow>, accepted: &'a [Accepted]) -> Result<Self, Refusal> {
        let mut claims = Self { window, ids: Vec::new(), accepted: false };
        for Accepted { delivery, .. } in accepted {
            let Some(delivery) = delivery else { continue };
            // A conflict drops the claims made so far, which gives them back.
            if window.lock().claim(&delivery.id, delivery.body) == Claim::Conflict {
                return Err(Refusal::TransportIdReused);
            }
            claims.ids.push(&delivery.id);
        }
        Ok(claims)
    }
}

impl Drop for Claims<'_> {
    fn drop(&mut self) {
        if self.ids.is_empty() {
            return;
        }
        let mut window = self.window.lock();
        for id in &self.ids {
            window.settle(id, self.accepted);
        }
    }
}

// === impl Slot ===

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        gauge!(metric_names::IN_FLIGHT).decrement(1);
    }
}
