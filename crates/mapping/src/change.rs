//! Payloads that tell changes of a CRM's records, read by a table: to the records of `crm.changes`.
//!
//! What a payload does not say stays unsaid: a field that is absent is not null, and a change that the system could not
//! tell in full says what has to be read again.

mod payload;

use trunkline_config::{ChangeTable, CrmChangeType, SourceKind};
use trunkline_schemas::{CrmChange, event_id};

use self::payload::{Payload, Wrong};
use crate::canonical;
use crate::change_budget::ChangeBudget;
use crate::delivery::Delivery;
use crate::difference::{Change, Difference};
use crate::limits::ID_MAX;
use crate::outcome::{Changes, ElementOutcome};
use crate::payload::Element;
use crate::quarantine;

/// The version of all tables: what they say changes with this program and the configuration.
const VERSION: &str = "1";

/// Stands for a record's id where all records of the entity are meant.
const ALL_RECORDS: &str = "*";

/// The id that overflows of Salesforce have in place of a record's.
const NO_RECORD: &str = "000000000000000AAA";

/// The header that says the type of a CloudEvent in binary mode, whose body is the event's data alone.
const BINARY_MODE: &str = "ce-type";

/// Bytes that a text takes in memory beside its characters: where it is and how long, and the allocator's own.
const TEXT_BYTES: usize = 32;

/// What has to be read again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reread {
    Nothing,
    Record,
    All,
}

/// Maps an element of a source whose payloads are changes.
pub fn map(
    table: &ChangeTable,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
    budget: &mut ChangeBudget,
) -> ElementOutcome {
    let (reason, drift) = match read(table, delivery, element, budget) {
        Ok(changes) => match quarantined_drift(delivery, &changes.drift) {
            None => return ElementOutcome::Changes(Box::new(changes)),
            Some(reason) => (reason, changes.drift),
        },
        Err(Wrong::Refused(difference)) => (difference.to_string(), vec![difference]),
        Err(Wrong::Said(reason)) => (reason, Vec::new()),
        Err(Wrong::Unnamed) => {
            let mut reason = format!("nothing in it says what {} event it is", delivery.source.kind);
            if delivery.source.kind == SourceKind::SapChange && delivery.headers.contains_key(BINARY_MODE) {
                reason.push_str(
                    ": its headers have a ce-type, so it is a CloudEvent in binary mode; let it be posted in \
                     structured mode (content type application/cloudevents+json)",
                );
            }
            return quarantine::unmatched(delivery, element, "", reason, Vec::new());
        }
    };
    quarantine::unmatched(delivery, element, VERSION, reason, drift)
}

fn quarantined_drift(delivery: &Delivery<'_>, drift: &[Difference]) -> Option<String> {
    let quarantines = delivery.source.drift == trunkline_config::Drift::Quarantine;
    let first = drift.first().filter(|_| quarantines)?;
    Some(format!("{first}, and this source quarantines drift"))
}

fn read(
    table: &ChangeTable,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
    budget: &mut ChangeBudget,
) -> Result<Changes, Wrong> {
    let payload = Payload::find(table, element).ok_or(Wrong::Unnamed)?;
    let entity = payload.entity()?;
    let word = payload.required(&table.change)?;
    let known = table.words.iter().find(|(pattern, _)| pattern.matches(&word)).map(|(_, change)| *change);
    // Of a change that is not known it is known that something changed.
    let change_type = known.unwrap_or(CrmChangeType::Gap);
    let records = match change_type {
        // Which of them were in it says nothing more.
        CrmChangeType::Overflow => vec![ALL_RECORDS.to_owned()],
        _ => payload.records(&entity)?,
    };
    let mut drift = payload.unknown_fields();
    if known.is_none() {
        drift.push(Difference::new("", Change::UnknownEventType, Some(&word)));
    }
    let times = payload.times();
    drift.extend(times.passed_over(delivery.received_at));
    let told_at = times.plausible(delivery.received_at);
    let (changed, nulled) = payload.fields(change_type, &mut drift);
    let identity = payload.identity(delivery, told_at.is_some());
    let origin = payload.optional(&table.origin, &mut drift);
    let own_write = origin.as_ref().is_some_and(|origin| table.own.iter().any(|own| own.matches(origin)));
    let customer = payload.optional(&table.customer, &mut drift).unwrap_or_default();
    let correlation = payload.optional(&table.correlation, &mut drift);
    let sequence = payload.optional(&table.sequence, &mut drift);
    let correlation = correlation.or_else(|| delivery.correlation_id.clone());
    let told = [&origin, &correlation, &sequence].into_iter().flatten();
    let texts = [&entity, &word, &customer].into_iter().chain(told);
    within(budget, &records, texts, changed.iter().chain(&nulled))?;
    let org = delivery.source.org.clone();
    let named_by = named_by(table, delivery, &entity, identity);
    let of = |parts: &[&str]| {
        let all = named_by.iter().map(String::as_str).chain(parts.iter().copied());
        event_id::derive("change", &all.collect::<Vec<_>>())
    };
    let id = of(&[]);
    let correlation_id = correlation.unwrap_or_else(|| id.clone());
    let change = |record: String| {
        let (record, reread) = reread(delivery.source.kind, change_type, record);
        CrmChange {
            change_id: of(&["record", &record]),
            system: table.system.as_str().to_owned(),
            entity: entity.clone(),
            entity_id: record,
            customer_id: customer.clone(),
            change_type: change_type.as_str().to_owned(),
            changed_fields: changed.clone(),
            changed_at: told_at.unwrap_or(delivery.received_at),
            origin: origin.clone(),
            own_write,
            correlation_id: correlation_id.clone(),
            org_id: org.clone(),
            source: Some(delivery.source.name.clone()),
            source_type: Some(word.clone()),
            reread: reread.as_str().map(ToOwned::to_owned),
            nulled_fields: nulled.clone(),
            received_at: Some(delivery.received_at),
            sequence: sequence.clone(),
        }
    };
    let records = records.into_iter().map(change).collect();
    let payload_hash = canonical::sha256_hex(element.bytes);
    Ok(Changes { id, records, source_type: word, schema_version: VERSION.to_owned(), payload_hash, drift })
}

/// Refuses texts that are too long, and what would be too much in all records: each has all texts and all names.
fn within<'t>(
    budget: &mut ChangeBudget,
    records: &'t [String],
    texts: impl Iterator<Item = &'t String> + Clone,
    names: impl Iterator<Item = &'t String>,
) -> Result<(), Wrong> {
    if let Some(long) = texts.clone().find(|text| text.len() > ID_MAX) {
        let length = long.len();
        let reason =
            format!("a text of {length} bytes stands for a name or an id, at most {ID_MAX} are taken");
        return Err(Wrong::Said(reason));
    }
    let own = records.iter().max_by_key(|id| id.len());
    let each = texts.chain(names).chain(own).map(|text| text.len() + TEXT_BYTES).sum();
    budget.take(records.len(), each).map_err(Wrong::Said)
}

/// What makes it the same change, whatever is told of it.
fn named_by(
    table: &ChangeTable,
    delivery: &Delivery<'_>,
    entity: &str,
    identity: Vec<String>,
) -> Vec<String> {
    // Copies of one system have the same ids: without an organisation the source tells them apart.
    let whose = match &delivery.source.org {
        Some(org) => ["org", org.as_str()],
        None => ["source", delivery.source.name.as_str()],
    };
    let head = [table.system.as_str(), whose[0], whose[1], entity];
    head.into_iter().map(ToOwned::to_owned).chain(identity).collect()
}

/// The record that is meant, and what has to be read again.
fn reread(kind: SourceKind, change: CrmChangeType, record: String) -> (String, Reread) {
    // A prefix with a star stands for all records of a kind. Elsewhere an id may end so.
    let stands_for_all = kind == SourceKind::SalesforceCdc && (record == NO_RECORD || record.ends_with('*'));
    let all = stands_for_all || change == CrmChangeType::Overflow;
    match (all, change) {
        (true, _) => (ALL_RECORDS.to_owned(), Reread::All),
        (false, CrmChangeType::Gap) => (record, Reread::Record),
        (false, _) => (record, Reread::Nothing),
    }
}

// === impl Reread ===

impl Reread {
    /// As in `CrmChange::reread`.
    fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Record => Some("record"),
            Self::All => Some("all"),
        }
    }
}
