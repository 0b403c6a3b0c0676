//! From a delivery to envelopes and quarantined payloads: a pure function.

use trunkline_config::{Drift, MappingTable};

use crate::change_budget::ChangeBudget;
use crate::delivery::Delivery;
use crate::difference::{Change, Difference};
use crate::fit::{self, Fitting, Misfit};
use crate::format::Mapped;
use crate::outcome::{Accepted, ElementOutcome, Outcome};
use crate::payload::{self, Element, OverLimit};
use crate::reader::{Read, Reader};
use crate::redaction::Attributes;
use crate::{change, envelope, limits, quarantine, redaction, schema, sequence};

/// The attribute that names what an event says but for fields that its platform's schema does not name.
const DECLARED_ID: &str = "declaredId";

/// Maps a delivery. The same arguments give the same outcome, event ids included.
///
/// `json_depth` is the deepest nesting taken, at most what the JSON parser takes (127).
///
/// # Errors
/// [`OverLimit`] when the bytes are beyond what is taken; nothing of them is kept then. Whatever else is wrong
/// with them, they are kept, byte for byte.
pub fn map_delivery(delivery: &Delivery<'_>, json_depth: usize) -> Result<Outcome, OverLimit> {
    let payload = payload::read(delivery.bytes, delivery.framing, json_depth)?;
    let mut budget = ChangeBudget::default();
    let elements = payload.elements.iter().map(|element| match element {
        Ok(element) => match &delivery.source.mapping {
            Some(MappingTable::Changes(table)) => change::map(table, delivery, element, &mut budget),
            _ => map_by(Reader::of(delivery.source), delivery, element),
        },
        Err(unread) => quarantine::unreadable(delivery, unread),
    });
    Ok(Outcome { batch: payload.batch, elements: elements.collect() })
}

/// Maps an element by the first of the readers that it fits, else by the first that it fits without its values of a
/// wrong type.
fn map_by<'a>(
    readers: impl Iterator<Item = Reader<'a>>,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
) -> ElementOutcome {
    let (mut refused, mut fits) = (None, None);
    for reader in readers {
        match fit::fit(&reader, element) {
            Ok(fitting) if fitting.without.is_none() => {
                fits = Some((reader, fitting));
                break;
            }
            Ok(fitting) => {
                fits.get_or_insert((reader, fitting));
            }
            Err(Misfit::Refused(difference)) => {
                refused.get_or_insert((reader, difference));
            }
            Err(Misfit::Unnamed) => {}
        }
    }
    if let Some((reader, fitting)) = &fits {
        let whole = element;
        let element = fitting.without.as_ref().unwrap_or(whole);
        if let Some(read) =
            reader.read(element, fitting.shape, delivery.received_at, delivery.source.org.as_deref())
        {
            return accept(reader, fitting, read, delivery, [element, whole]);
        }
    }
    let (version, reason, drift) = match refused {
        Some((reader, difference)) => (reader.version(), difference.to_string(), vec![difference]),
        None => ("", format!("nothing in it says what {} event it is", delivery.source.kind), Vec::new()),
    };
    quarantine::unmatched(delivery, element, version, reason, drift)
}

/// What a payload that fits becomes, read without its values of a wrong type; `whole` has them.
fn accept(
    reader: &Reader<'_>,
    fitting: &Fitting<'_>,
    read: Read,
    delivery: &Delivery<'_>,
    [element, whole]: [&Element<'_>; 2],
) -> ElementOutcome {
    let (source, shape) = (delivery.source, fitting.shape);
    let Read { mut mapped, at } = read;
    if let Some(digest) = element.left_out(at).filter(|_| reader.names_by_body()) {
        mapped.identity.left_out(&digest);
    }
    let mut drift: Vec<Difference> = fitting.wrong.iter().take(schema::DIFFERENCES).cloned().collect();
    let unknown_fields = reader.unknown_fields(shape, element.typed());
    let has_unknown = !unknown_fields.is_empty();
    drift.extend(unknown_fields);
    drift.extend(mapped.times.passed_over(delivery.received_at));
    let unknown_type = mapped.unknown_type.then_some(&mapped.source_type);
    let unknown = mapped.unknown_parts.iter().chain(unknown_type);
    drift.extend(mapped.untold.map(|pointer| Difference::new(pointer, Change::MissingField, None)));
    drift.extend(unknown.map(|name| Difference::new("", Change::UnknownEventType, Some(name))));
    let sequence = match source.sequence.as_deref().map(|pointer| sequence::read(pointer, element.typed())) {
        Some(Ok(number)) => Some(number),
        Some(Err(difference)) => {
            drift.push(difference);
            None
        }
        None => None,
    };
    if let Some(reason) = without_subject(reader, fitting, &mapped, whole, &mut drift) {
        return quarantine::unmatched(delivery, element, reader.version(), reason, drift);
    }
    if let Some(reason) = limits::broken(&mapped) {
        return quarantine::unmatched(delivery, element, reader.version(), reason, drift);
    }
    if source.drift == Drift::Quarantine
        && let Some(first) = drift.first()
    {
        let reason = format!("{first}, and this source quarantines drift");
        return quarantine::unmatched(delivery, element, reader.version(), reason, drift);
    }
    if has_unknown && sequence.is_none() {
        let declared = declared_id(reader, shape, &mapped, delivery, element);
        mapped.attribute(DECLARED_ID, declared);
    }
    let mut event = envelope::envelope(reader, mapped, delivery, element, sequence);
    let read_again = |text: &str| attributes(reader, shape, text, source.org.as_deref());
    redaction::redact(&mut event, &source.redaction, read_again);
    ElementOutcome::Event(Box::new(Accepted { event, drift }))
}

/// Why it cannot be said what a payload is about; what is not in `drift` of that is added.
fn without_subject(
    reader: &Reader<'_>,
    fitting: &Fitting<'_>,
    mapped: &Mapped,
    whole: &Element<'_>,
    drift: &mut Vec<Difference>,
) -> Option<String> {
    if let (Some(wrong), None, None) = (fitting.wrong.first(), &mapped.conversation_id, &mapped.entity) {
        // Its key would have rested on what is of a wrong type.
        return Some(wrong.to_string());
    }
    if let Some(wrong) = reader.misread_subject(mapped, whole.typed()) {
        let reason = format!("{wrong}, and would say what the event is about");
        if !drift.contains(&wrong) {
            drift.push(wrong);
        }
        return Some(reason);
    }
    let lacking = reader.lacks_subject(mapped)?;
    let reason = format!("{lacking}: nothing says what the event is about");
    drift.push(lacking);
    Some(reason)
}

/// What a payload with fields that its platform's schema does not name would be known by without them; `None` where
/// that makes no difference.
fn declared_id(
    reader: &Reader<'_>,
    shape: &'static str,
    whole: &Mapped,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
) -> Option<String> {
    let without = element.without(|value| reader.without_unknown(shape, value));
    let org = delivery.source.org.as_deref();
    let Read { mapped: mut declared, at } = reader.read(&without, shape, delivery.received_at, org)?;
    if let Some(digest) = element.left_out(at).filter(|_| reader.names_by_body()) {
        declared.identity.left_out(&digest);
    }
    (declared.identity != whole.identity).then(|| envelope::declared_id(reader, declared, delivery, &without))
}

/// The attributes of an element of this shape, from its text.
fn attributes(reader: &Reader<'_>, shape: &'static str, text: &str, org: Option<&str>) -> Option<Attributes> {
    // What came was within the limit of depth, and this is nested no deeper.
    let element = Element::read(text.as_bytes(), usize::MAX).ok()?;
    let mapped = reader.read(&element, shape, i64::MAX, org)?.mapped;
    Some([mapped.attributes, mapped.tenant_attributes])
}

#[cfg(test)]
mod tests;
