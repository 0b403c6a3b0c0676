//! What becomes of payloads: each by itself, each beside those before it, and all of them.

mod repeats;
mod summary;

use std::collections::BTreeMap;

use serde::Serialize;
use trunkline_config::{Source, SourceKind};
use trunkline_mapping::{
    Accepted, Change, Changes, Delivery, Difference, ElementOutcome, Framing, Proof, Quarantined,
    TraceContext, map_delivery,
};
use trunkline_schemas::{CrmChange, PlatformEvent, catalog};

use super::bodies::Body;
use super::sources::Sources;
use repeats::Repeats;
pub(super) use summary::Summary;

/// Why a payload is no event that looks like none of any kind of source.
const NO_KIND: &str = "nothing in it says what event of which platform it is";

/// What becomes of all payloads.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// In the order of the files.
    pub(super) payloads: Vec<Payload>,
    pub(super) summary: Summary,
}

/// One payload: a body, or an element of a batch.
#[derive(Debug, Serialize)]
pub(super) struct Payload {
    /// The file, with the line or with the position in a batch (`#/0`, as in a JSON Pointer).
    pub(super) place: String,
    #[serde(flatten)]
    pub(super) fate: Fate,
}

/// What becomes of a payload.
#[derive(Debug, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(super) enum Fate {
    Event(Box<Event>),
    Changes(ChangeRecords),
    Quarantined(QuarantineRecord),
    /// Nothing: ingest answers that it does not take the request, and keeps nothing of it.
    Refused {
        reason: String,
    },
}

/// A record of `events.normalized`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    /// The kind of source that the payload was mapped as.
    pub(super) kind: &'static str,
    /// Without the deployment's prefix.
    pub(super) topic: &'static str,
    pub(super) key: String,
    /// The value, as if the payload had been received now.
    pub(super) event: PlatformEvent,
    pub(super) drift: Vec<Drift>,
    /// The payload with the same event id.
    pub(super) duplicate_of: Option<String>,
    /// The payload that said the same of the same entity last, under another event id.
    pub(super) possible_repeat_of: Option<String>,
}

/// Records of `crm.changes`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChangeRecords {
    /// The kind of source that the payload was mapped as.
    pub(super) kind: &'static str,
    /// Without the deployment's prefix.
    pub(super) topic: &'static str,
    /// What ingest answers as `eventId`.
    pub(super) id: String,
    /// The records, each with its key.
    pub(super) records: Vec<ChangeRecord>,
    pub(super) drift: Vec<Drift>,
}

/// A record of `crm.changes`.
#[derive(Debug, Serialize)]
pub(super) struct ChangeRecord {
    pub(super) key: String,
    /// The value, as if the payload had been received now.
    pub(super) change: CrmChange,
}

/// A record of `quarantine`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QuarantineRecord {
    /// The kind of source that the payload was mapped as; `None` where it looks like none of several.
    pub(super) kind: Option<&'static str>,
    /// Without the deployment's prefix.
    pub(super) topic: &'static str,
    pub(super) key: String,
    /// `TL-nnnn`, with a page in docs/errors.
    pub(super) code: String,
    pub(super) reason: String,
    /// The platform's type, as far as the payload names it.
    pub(super) source_type: String,
    pub(super) drift: Vec<Drift>,
}

/// A difference from the schema; the fields are named as on `schema.drift`.
#[derive(Debug, Serialize)]
pub(super) struct Drift {
    pub(super) change: &'static str,
    pub(super) path: String,
    pub(super) found: Option<String>,
    /// The same as a sentence.
    pub(super) says: String,
}

// === impl Report ===

impl Report {
    /// Maps bodies as the sources say, as if they had been received one after the other from `now` on (UTC
    /// milliseconds): some payloads are told from equal ones by nothing else.
    pub(super) fn new(bodies: &[Body], sources: &Sources, now: i64) -> Self {
        let mut repeats = Repeats::default();
        let mut payloads: Vec<Payload> =
            bodies.iter().zip(now..).flat_map(|(body, now)| payloads(body, sources, now)).collect();
        for payload in &mut payloads {
            if let Fate::Event(event) = &mut payload.fate {
                repeats.mark(event, &payload.place);
            }
        }
        let summary = Summary::of(&payloads);
        Self { payloads, summary }
    }
}

/// What a body holds, each payload as the kind of source that fits it best.
fn payloads(body: &Body, sources: &Sources, now: i64) -> Vec<Payload> {
    let refused = |reason| vec![Payload { place: body.place.clone(), fate: Fate::Refused { reason } }];
    let limit = sources.ingest.body_limit_bytes;
    if body.bytes.len() > limit {
        return refused(format!("the body has {} bytes, at most {limit} are taken", body.bytes.len()));
    }
    let mut best: Vec<(Fit, Payload)> = Vec::new();
    for source in &sources.sources {
        let outcome = match map_delivery(&delivery(source, body, now), sources.ingest.json_depth) {
            Ok(outcome) => outcome,
            // No source can read what is not readable.
            Err(unreadable) => return refused(unreadable.to_string()),
        };
        for (index, element) in outcome.elements.into_iter().enumerate() {
            let place = if outcome.batch { format!("{}#/{index}", body.place) } else { body.place.clone() };
            let (fit, payload) = (Fit::of(&element), Payload { place, fate: Fate::of(source.kind, element) });
            match best.get_mut(index) {
                Some(known) if fit < known.0 => *known = (fit, payload),
                Some(known) if known.0 == Fit::None => known.1.fate.fits_no_more(&payload.fate),
                Some(_) => {}
                None => best.push((fit, payload)),
            }
        }
    }
    best.into_iter().map(|(_, payload)| payload).collect()
}

/// A body as ingest hands it to the mapping, without what only a request has.
fn delivery<'a>(source: &'a Source, body: &'a Body, now: i64) -> Delivery<'a> {
    Delivery {
        source,
        bytes: &body.bytes,
        framing: Framing::Body,
        received_at: now,
        correlation_id: None,
        trace: TraceContext { parent: String::new(), state: None },
        content_type: None,
        headers: BTreeMap::new(),
        proof: Proof::NotRequired,
    }
}

/// How well a kind of source fits a payload; the least fits best.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// An event of a known type, with so many differences from the schema.
    Known(usize),
    /// An event of an unknown type, with so many differences from the schema.
    Unknown(usize),
    /// It looks like the kind's, and violates its schema.
    Violation,
    /// It has no likeness.
    None,
}

// === impl Fit ===

impl Fit {
    fn of(element: &ElementOutcome) -> Self {
        match element {
            ElementOutcome::Event(accepted) if accepted.drift.iter().any(is_of_unknown_type) => {
                Self::Unknown(accepted.drift.len())
            }
            ElementOutcome::Event(accepted) => Self::Known(accepted.drift.len()),
            ElementOutcome::Changes(changes) => Self::Known(changes.drift.len()),
            ElementOutcome::Quarantined(quarantined) if quarantined.schema_version.is_empty() => Self::None,
            ElementOutcome::Quarantined(_) => Self::Violation,
        }
    }
}

// === impl Fate ===

impl Fate {
    fn of(kind: SourceKind, element: ElementOutcome) -> Self {
        match element {
            ElementOutcome::Event(accepted) => Self::Event(Box::new(Event::new(kind, *accepted))),
            ElementOutcome::Changes(changes) => Self::Changes(ChangeRecords::new(kind, *changes)),
            ElementOutcome::Quarantined(quarantined) => {
                Self::Quarantined(QuarantineRecord::new(kind, *quarantined))
            }
        }
    }

    /// Of a payload that looks like none of several kinds, the reason is the one that all of them have.
    fn fits_no_more(&mut self, other: &Self) {
        let (Self::Quarantined(record), Self::Quarantined(other)) = (self, other) else { return };
        record.kind = None;
        if record.reason != other.reason {
            NO_KIND.clone_into(&mut record.reason);
        }
    }
}

/// Whether a difference is that the platform's type is not known. A type that is known may have no canonical one.
fn is_of_unknown_type(difference: &Difference) -> bool {
    difference.change == Change::UnknownEventType
}

// === impl Event ===

impl Event {
    /// The platform's types, or parts of them, that this version does not know.
    fn unknown_types(&self) -> impl Iterator<Item = &str> {
        let of_type = |drift: &&Drift| drift.change == Change::UnknownEventType.as_str();
        self.drift.iter().filter(of_type).filter_map(|drift| drift.found.as_deref())
    }

    fn new(kind: SourceKind, accepted: Accepted) -> Self {
        Self {
            kind: kind.as_str(),
            topic: catalog::EVENTS_NORMALIZED,
            key: accepted.event.key(),
            drift: accepted.drift.iter().map(Drift::new).collect(),
            event: accepted.event,
            duplicate_of: None,
            possible_repeat_of: None,
        }
    }
}

// === impl ChangeRecords ===

impl ChangeRecords {
    fn new(kind: SourceKind, changes: Changes) -> Self {
        let record = |change: CrmChange| ChangeRecord { key: change.key(), change };
        Self {
            kind: kind.as_str(),
            topic: catalog::CRM_CHANGES,
            id: changes.id,
            records: changes.records.into_iter().map(record).collect(),
            drift: changes.drift.iter().map(Drift::new).collect(),
        }
    }
}

// === impl QuarantineRecord ===

impl QuarantineRecord {
    fn new(kind: SourceKind, quarantined: Quarantined) -> Self {
        Self {
            kind: Some(kind.as_str()),
            topic: catalog::QUARANTINE,
            key: quarantined.payload.key(),
            code: quarantined.payload.code,
            reason: quarantined.payload.reason,
            source_type: quarantined.source_type,
            drift: quarantined.drift.iter().map(Drift::new).collect(),
        }
    }
}

// === impl Drift ===

impl Drift {
    fn new(difference: &Difference) -> Self {
        Self {
            change: difference.change.as_str(),
            path: difference.pointer.clone(),
            found: difference.found.clone(),
            says: difference.to_string(),
        }
    }
}

#[cfg(test)]
mod tests;
