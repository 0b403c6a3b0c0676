//! Taking a request in: verify, map, publish, and only then say yes.

mod drift_reports;
mod outcome;
mod source_intake;
mod store;
mod storing;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use metrics::{counter, histogram};
use tokio::sync::Semaphore;
use trunkline_config::{Ingest, Source};
use trunkline_mapping::records::Records;
use trunkline_mapping::{ElementOutcome, Outcome, Quarantined, TraceContext};
use trunkline_schemas::OutboundRecord;
use trunkline_telemetry::Health;

use crate::caller::caller;
use crate::connections::Connection;
use crate::delivery::Receipt;
use crate::publish::Publish;
use crate::rates::Turn;
use crate::refusal::Refusal;
use crate::slots::{Arrival, Slots};
use crate::verify::{FetchedKeys, HeaderCheck, Shown};
use crate::{body, content_coding, metric_names, trace_context};
use drift_reports::DriftReports;
use outcome::{Limits, outcome_of};
use source_intake::SourceIntake;
use store::Store;

/// See [`mapped_at_once`]. A parsed body takes up to thirty times its size.
const MAPPED_AT_ONCE: usize = 4;

/// When a request is answered after its headers came, whatever the brokers do: EventBridge's API destinations give up
/// after 5 s, Genesys' webhooks after 10 s.
const ANSWER: Duration = Duration::from_millis(4_400);

/// Everything needed to take requests in.
pub struct Intake<P> {
    sources: BTreeMap<String, SourceIntake>,
    settings: Ingest,
    records: Records,
    store: Store<P>,
    slots: Slots,
    /// Turns of large bodies that are mapped.
    mapping: Arc<Semaphore>,
    drift: DriftReports,
    clock: Clock,
}

/// Gives the time, UTC milliseconds; an argument so that tests decide what time it is.
pub type Clock = fn() -> i64;

/// A request whose headers were looked at.
struct Request<'a> {
    intake: &'a SourceIntake,
    headers: &'a HeaderMap,
    check: HeaderCheck<'a>,
    began: Instant,
}

/// What was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// True when the body was an array.
    pub batch: bool,
    /// Ids of the stored events, in order.
    pub event_ids: Vec<String>,
    /// Hashes of the elements that are kept in quarantine.
    pub quarantined: Vec<String>,
}

// === impl Intake ===

impl<P: Publish> Intake<P> {
    /// Prepares every source.
    pub fn new(
        sources: &BTreeMap<String, Source>,
        settings: Ingest,
        records: Records,
        publisher: P,
        health: &Health,
        clock: Clock,
    ) -> Self {
        Self {
            sources: sources.iter().map(|(name, source)| (name.clone(), SourceIntake::new(source))).collect(),
            slots: Slots::new(settings.max_in_flight, settings.max_held_bytes, sources.keys()),
            mapping: Arc::new(Semaphore::new(mapped_at_once())),
            settings,
            records,
            store: Store::new(publisher, health),
            drift: DriftReports::default(),
            clock,
        }
    }

    /// The sources, as they are configured.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.values().map(|intake| &*intake.source)
    }

    /// The configured name of a source, for labels; [`metric_names::UNKNOWN`] for what is not configured.
    pub fn label(&self, source: &str) -> String {
        if self.sources.contains_key(source) { source.to_owned() } else { metric_names::UNKNOWN.to_owned() }
    }

    /// Takes a request in. When this returns `Ok`, every element is stored on all in-sync replicas, as an
    /// event or in quarantine; when it fails, the caller may send it again.
    ///
    /// A request from where the source takes none, or from a caller that sends too many, is refused before its proof is
    /// looked at; where all callers send too many, that counts proven ones alone.
    ///
    /// A request whose headers prove nothing is refused before its body is read, and none takes a place from others
    /// before it is proven. Nothing is read either while the store is known not to work. `connection` is the one that
    /// it comes over, where it can be closed for others.
    ///
    /// # Errors
    /// The [`Refusal`] that the caller is answered with.
    pub async fn take(
        &self,
        source: &str,
        headers: &HeaderMap,
        body: Body,
        connection: Option<&Arc<Connection>>,
    ) -> Result<Taken, Refusal> {
        let began = Instant::now();
        let Some(intake) = self.sources.get(source) else {
            body::discard(body, headers, connection);
            return Err(Refusal::UnknownSource);
        };
        let (check, mut turn) = match self.begin(intake, headers, connection, began).await {
            Ok(begun) => begun,
            Err(refusal) => {
                body::discard(body, headers, connection);
                return Err(refusal);
            }
        };
        let arrival = self.slots.arrive(source, check.is_proven(), connection);
        let request = Request { intake, headers, check, began };
        let taken = self.take_begun(request, body, arrival, &mut turn).await;
        if let (Err(refusal), Some(turn)) = (&taken, turn)
            && refusal.is_ours()
        {
            intake.rates.lock().is_refused(turn, Instant::now());
        }
        taken
    }

    /// What a request's headers prove, and its turn among those of all callers where that is proven already.
    async fn begin<'a>(
        &self,
        intake: &'a SourceIntake,
        headers: &HeaderMap,
        connection: Option<&Arc<Connection>>,
        now: Instant,
    ) -> Result<(HeaderCheck<'a>, Option<Turn>), Refusal> {
        self.admit(intake, headers, connection, now)?;
        let certificate = connection.and_then(|connection| connection.certificate());
        let shown = Shown { headers, certificate, now, utc_ms: (self.clock)() };
        let check = intake.check(&shown).await.map_err(|failure| intake.not_verified(failure, now))?;
        if !check.is_proven() {
            return Ok((check, None));
        }
        // Whoever proves nothing does not learn it.
        if !self.store.may_be_tried(now) {
            return Err(Refusal::Unavailable);
        }
        let turn = intake.rates.lock().is_proven(now).map_err(too_many)?;
        Ok((check, Some(turn)))
    }

    /// Takes in what comes of a request. Where its body is the proof, `turn` is taken once it is there.
    async fn take_begun(
        &self,
        request: Request<'_>,
        body: Body,
        mut arrival: Arrival<'_>,
        turn: &mut Option<Turn>,
    ) -> Result<Taken, Refusal> {
        let Request { intake, headers, check, began } = request;
        let (source, limit) = (&intake.source, self.settings.body_limit_bytes);
        let body = body::read(body, headers, limit, &mut arrival).await?;
        histogram!(metric_names::BODY_BYTES, "source" => source.name.clone()).record(body.len() as f64);
        // A signature is over what was sent, so nothing is taken off the body before it is checked.
        let proof = check.with_body(&body).map_err(|failure| intake.not_verified(failure, Instant::now()))?;
        arrival.proven();
        if turn.is_none() {
            *turn = Some(intake.rates.lock().is_proven(Instant::now()).map_err(too_many)?);
        }
        arrival.hold(content_coding::growth(headers, body.len(), limit)).await?;
        let _slot = arrival.place()?;
        // Here, where the request's span is the current one: mapping may go on in another thread.
        let receipt = Receipt { proof, received_at: (self.clock)(), trace: trace_context::of(headers) };
        let limits = Limits { bytes: limit, json_depth: self.settings.json_depth };
        let outcome = outcome_of(source, headers, &body, receipt.clone(), limits, &self.mapping).await?;
        self.take_verified(source, &receipt, outcome, began + ANSWER).await
    }

    /// The public keys that have to be fetched, each with the name of its source.
    pub fn fetched_keys(&self) -> impl Iterator<Item = (String, Arc<FetchedKeys>)> {
        let keys = |source: &SourceIntake| source.verifier.fetched_keys().cloned();
        self.sources.iter().filter_map(move |(name, source)| Some((name.clone(), keys(source)?)))
    }

    /// Whether this caller may send something now.
    fn admit(
        &self,
        intake: &SourceIntake,
        headers: &HeaderMap,
        connection: Option<&Arc<Connection>>,
        now: Instant,
    ) -> Result<(), Refusal> {
        let proxies = &self.settings.trusted_proxies;
        let caller = connection.map(|connection| caller(connection.address(), headers, proxies));
        if let Some(networks) = &intake.source.admission.allow_from
            && !caller.is_some_and(|caller| networks.contain(caller))
        {
            tracing::debug!(source = intake.source.name, ?caller, "a caller that is not allowed");
            return Err(Refusal::NotAllowed);
        }
        caller.map_or(Ok(()), |caller| intake.rates.lock().comes(caller, now)).map_err(too_many)
    }

    async fn take_verified(
        &self,
        source: &Source,
        receipt: &Receipt,
        outcome: Outcome,
        answered_by: Instant,
    ) -> Result<Taken, Refusal> {
        let records = self.encode(&outcome.elements, &receipt.trace)?;
        self.store.store(records, answered_by).await?;
        self.report(source, receipt, &outcome.elements);
        let (mut ids, mut quarantined) = (Vec::new(), Vec::new());
        for element in outcome.elements {
            match element {
                ElementOutcome::Event(accepted) => ids.push(accepted.event.event_id),
                ElementOutcome::Changes(changes) => ids.push(changes.id),
                ElementOutcome::Quarantined(payload) => quarantined.push(*payload),
            }
        }
        match quarantined.first() {
            Some(Quarantined { code, payload, .. }) if ids.is_empty() => Err(Refusal::Quarantined {
                code: *code,
                reason: payload.reason.clone(),
                hash: payload.payload_hash.clone(),
            }),
            _ => Ok(Taken {
                batch: outcome.batch,
                event_ids: ids,
                quarantined: quarantined
                    .iter()
                    .map(|quarantined| quarantined.payload.payload_hash.clone())
                    .collect(),
            }),
        }
    }

    fn encode(
        &self,
        elements: &[ElementOutcome],
        trace: &TraceContext,
    ) -> Result<Vec<OutboundRecord>, Refusal> {
        let mut records = Vec::with_capacity(elements.len());
        for element in elements {
            let encoded = match element {
                ElementOutcome::Event(accepted) => {
                    self.records.event(&accepted.event, trace).map(|record| records.push(record))
                }
                ElementOutcome::Changes(changes) => changes.records.iter().try_for_each(|change| {
                    self.records.change(change, trace).map(|record| records.push(record))
                }),
                ElementOutcome::Quarantined(quarantined) => {
                    self.records.quarantined(&quarantined.payload, trace).map(|record| records.push(record))
                }
            };
            if let Err(error) = encoded {
                tracing::error!(%error, "a record cannot be encoded");
                return Err(Refusal::Unavailable);
            }
        }
        Ok(records)
    }

    /// Counts what was stored, logs what is in quarantine, and reports what differs from the schemas.
    fn report(&self, source: &Source, receipt: &Receipt, elements: &[ElementOutcome]) {
        let now = receipt.received_at;
        let name = || source.name.clone();
        for element in elements {
            match element {
                ElementOutcome::Event(accepted) => {
                    counter!(metric_names::EVENTS, "source" => name()).increment(1);
                    self.drift.of_event(source, accepted, now);
                }
                ElementOutcome::Changes(changes) => {
                    counter!(metric_names::CHANGES, "source" => name())
                        .increment(changes.records.len() as u64);
                    self.drift.of_changes(source, changes, now);
                }
                ElementOutcome::Quarantined(quarantined) => {
                    counter!(metric_names::QUARANTINED, "source" => name()).increment(1);
                    let payload = &quarantined.payload;
                    tracing::warn!(
                        code = payload.code,
                        source = payload.source,
                        payload_hash = payload.payload_hash,
                        reason = payload.reason,
                        proof = receipt.proof.as_str(),
                        "payload quarantined"
                    );
                    self.drift.of_quarantined(source, quarantined, now);
                }
            }
        }
    }

    /// Publishes the drift that is due; all of it at a shutdown.
    pub async fn report_drift(&self, all: bool) {
        self.drift.publish(&self.store, &self.records, (self.clock)(), all).await;
    }

    /// Whether it is time to look if the brokers answer, which stored nothing.
    pub fn wants_a_look(&self) -> bool {
        self.store.wants_a_look(Instant::now())
    }

    /// The brokers answer again, as far as can be seen without storing anything.
    pub fn store_answers(&self) {
        self.store.answers();
    }
}

/// Large bodies that are mapped at once: one per core, and no more than [`MAPPED_AT_ONCE`], so that memory does not
/// depend on the machine.
fn mapped_at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MAPPED_AT_ONCE)
}

fn too_many(wait: Duration) -> Refusal {
    Refusal::TooMany { seconds: wait.as_secs() + 1 }
}
