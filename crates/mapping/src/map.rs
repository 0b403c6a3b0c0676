//! From a delivery to envelopes and quarantined payloads: a pure function.

use trunkline_config::Drift;

use crate::adapter::{self, Loaded};
use crate::delivery::Delivery;
use crate::difference::{Change, Difference};
use crate::fit::{self, Fitting, Misfit};
use crate::format::Mapped;
use crate::outcome::{Accepted, ElementOutcome, Outcome};
use crate::payload::{self, Element, OverLimit};
use crate::redaction::Attributes;
use crate::transport::Unwrapped;
use crate::{envelope, limits, quarantine, redaction, schema, sequence};

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
    let elements = payload.elements.iter().map(|element| match element {
        Ok(element) => map_by(adapter::of_kind(delivery.source.kind), delivery, element),
        Err(unread) => quarantine::unreadable(delivery, unread),
    });
    Ok(Outcome { batch: payload.batch, elements: elements.collect() })
}

/// Maps an element by the first of the adapters whose schema it matches, else by the first whose schema it matches
/// without its values of a wrong type.
fn map_by<'a>(
    adapters: impl Iterator<Item = &'a Loaded>,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
) -> ElementOutcome {
    let (mut refused, mut fits) = (None, None);
    for loaded in adapters {
        match fit::fit(loaded, element) {
            Ok(fitting) if fitting.without.is_none() => {
                fits = Some((loaded, fitting));
                break;
            }
            Ok(fitting) => {
                fits.get_or_insert((loaded, fitting));
            }
            Err(Misfit::Refused(difference)) => {
                refused.get_or_insert((loaded, difference));
            }
            Err(Misfit::Unnamed) => {}
        }
    }
    if let Some((loaded, fitting)) = &fits {
        let element = fitting.without.as_ref().unwrap_or(element);
        if let Some(unwrapped) = (loaded.adapter.unwrap)(element) {
            return accept(loaded, fitting, unwrapped, delivery, element);
        }
    }
    let (version, reason, drift) = match refused {
        Some((loaded, difference)) => (loaded.adapter.version, difference.to_string(), vec![difference]),
        None => ("", format!("nothing in it says what {} event it is", delivery.source.kind), Vec::new()),
    };
    quarantine::unmatched(delivery, element, version, reason, drift)
}

/// What a payload that fits becomes.
fn accept(
    loaded: &Loaded,
    fitting: &Fitting<'_>,
    unwrapped: Unwrapped<'_>,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
) -> ElementOutcome {
    let (adapter, source, shape) = (loaded.adapter, delivery.source, fitting.shape);
    let unwrapped = Unwrapped { received_at: delivery.received_at, ..unwrapped };
    let mut mapped = (adapter.format.map)(&unwrapped, shape, source.org.as_deref());
    if let Some(digest) = element.left_out(unwrapped.at) {
        mapped.identity.left_out(&digest);
    }
    let mut drift: Vec<Difference> = fitting.wrong.iter().take(schema::DIFFERENCES).cloned().collect();
    let unknown_fields = loaded.schema.unknown_fields(shape, element.typed());
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
    if let (Some(wrong), None, None) = (fitting.wrong.first(), &mapped.conversation_id, &mapped.entity) {
        // Its key would have rested on what is of a wrong type.
        return quarantine::unmatched(delivery, element, adapter.version, wrong.to_string(), drift);
    }
    if let Some(reason) = limits::broken(&mapped) {
        return quarantine::unmatched(delivery, element, adapter.version, reason, drift);
    }
    if source.drift == Drift::Quarantine
        && let Some(first) = drift.first()
    {
        let reason = format!("{first}, and this source quarantines drift");
        return quarantine::unmatched(delivery, element, adapter.version, reason, drift);
    }
    if has_unknown && sequence.is_none() {
        let declared = declared_id(loaded, shape, &mapped, delivery, element);
        mapped.attribute(DECLARED_ID, declared);
    }
    let mut event = envelope::envelope(adapter, mapped, delivery, element, sequence);
    let read_again = |text: &str| attributes(loaded, shape, text, source.org.as_deref());
    redaction::redact(&mut event, &source.redaction, read_again);
    ElementOutcome::Event(Box::new(Accepted { event, drift }))
}

/// What a payload with fields that its platform's schema does not name would be known by without them; `None` where
/// that makes no difference.
fn declared_id(
    loaded: &Loaded,
    shape: &'static str,
    whole: &Mapped,
    delivery: &Delivery<'_>,
    element: &Element<'_>,
) -> Option<String> {
    let without = element.without(|value| loaded.schema.without_unknown(shape, value));
    let unwrapped = (loaded.adapter.unwrap)(&without)?;
    let unwrapped = Unwrapped { received_at: delivery.received_at, ..unwrapped };
    let mut declared = (loaded.adapter.format.map)(&unwrapped, shape, delivery.source.org.as_deref());
    if let Some(digest) = element.left_out(unwrapped.at) {
        declared.identity.left_out(&digest);
    }
    (declared.identity != whole.identity)
        .then(|| envelope::declared_id(loaded.adapter, declared, delivery, &without))
}

/// The attributes of an element of this shape, from its text.
fn attributes(loaded: &Loaded, shape: &'static str, text: &str, org: Option<&str>) -> Option<Attributes> {
    // What came was within the limit of depth, and this is nested no deeper.
    let element = Element::read(text.as_bytes(), usize::MAX).ok()?;
    let unwrapped = (loaded.adapter.unwrap)(&element)?;
    let mapped = (loaded.adapter.format.map)(&unwrapped, shape, org);
    Some([mapped.attributes, mapped.tenant_attributes])
}

#[cfg(test)]
mod tests;
