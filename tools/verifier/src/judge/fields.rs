//! `fields`: an enriched event says of the platform's event exactly what the normalized one says, field by field.

use std::collections::HashMap;

use super::exactly_once::{dead_places, first_of_each};
use crate::evidence::{Enriched, Evidence, Normalized};
use crate::report::{Verdict, counted};

/// A receipt that is further than this from when the broker appended the event is no time for a record that retention
/// looks at: 10 minutes.
const BELIEVABLE_MS: i64 = 600_000;

/// What a deployment changes of an event on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// The platform's payload is left out (`include_data = false`).
    pub without_data: bool,
    /// Plugins may add attributes.
    pub plugins: bool,
    /// Conversations may have begun before the evidence does: who fills in a customer then is not known.
    pub incomplete: bool,
}

/// Judges `fields`: every field equal (the payload byte for byte), and the record's time, which is that of the receipt,
/// or the broker's where that cannot be. Only the customer may be filled in, from an earlier event of the same
/// conversation; what else may differ, `allowed` says.
pub fn judge(evidence: &Evidence, allowed: Allowed) -> Verdict {
    let mut verdict = Verdict::new("fields");
    let facts = first_of_each(&evidence.normalized, &dead_places(&evidence.dead_letters));
    let mut customers: HashMap<(&str, &str), &str> = HashMap::new();
    let mut compared = 0;
    for event in &evidence.enriched {
        // Judged as invented elsewhere.
        let Some(fact) = facts.get(&event.fact.identity()) else { continue };
        compared += 1;
        verdict.count("fields_compared", fact.fields.len() as u64);
        let known = customers.get(&fact.entity()).copied();
        if !(allowed.incomplete && known.is_none() && fact.customer_id.is_none() && fact.is_conversational())
        {
            judge_customer(fact, event, known, &mut verdict);
        }
        if let Some(customer) = fact.customer_id.as_deref().filter(|_| fact.is_conversational()) {
            customers.entry(fact.entity()).or_insert(customer);
        }
        judge_fields(fact, event, allowed, &mut verdict);
    }
    verdict.count("events_compared", compared);
    verdict.having_compared(format!("every field of {}", counted(compared, "event")))
}

fn judge_customer(fact: &Normalized, event: &Enriched, known: Option<&str>, verdict: &mut Verdict) {
    let expected = fact.customer_id.as_deref().or_else(|| known.filter(|_| fact.is_conversational()));
    if event.fact.customer_id.as_deref() != expected {
        verdict.object("customer", || {
            format!(
                "event {} at {} names another customer than its normalized event at {} and its conversation do",
                fact.event_id, event.fact.place, fact.place
            )
        });
    }
}

fn judge_fields(fact: &Normalized, event: &Enriched, allowed: Allowed, verdict: &mut Verdict) {
    let Enriched { fact: after, .. } = event;
    let mut differing: Vec<&str> = fact.fields.differing(&after.fields).collect();
    differing.retain(|name| match *name {
        "customerId" => false,
        "data" => !(allowed.without_data && after.fields.is_null("data")),
        "attributes" => !allowed.plugins,
        _ => true,
    });
    let believable = (fact.ingest_time - fact.timestamp).abs() <= BELIEVABLE_MS;
    if after.timestamp != if believable { fact.ingest_time } else { fact.timestamp } {
        differing.push("the record's time");
    }
    for name in differing {
        verdict.object("field", || {
            format!(
                "event {}: {name} differs between events.normalized at {} and events.enriched at {}",
                fact.event_id, fact.place, after.place
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use apache_avro::types::Value;

    use super::*;
    use crate::evidence::Fingerprint;

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    fn normalized(id: &str, customer: Option<&str>) -> Normalized {
        Normalized {
            event_id: id.into(),
            key: "k".into(),
            conversation_id: Some("c".into()),
            customer_id: customer.map(Into::into),
            fields: Fingerprint::default().with("data", &text("{}")).with("queueId", &Value::Null),
            ..Default::default()
        }
    }

    fn enriched(fact: Normalized) -> Enriched {
        Enriched { fact, ..Default::default() }
    }

    #[track_caller]
    fn check(pairs: &[(Normalized, Enriched)], allowed: Allowed, kinds: &[&str]) {
        let (normalized, enriched) = pairs.iter().cloned().unzip();
        let verdict = judge(&Evidence { normalized, enriched, ..Evidence::default() }, allowed);
        assert_eq!(verdict.found.keys().copied().collect::<Vec<_>>(), kinds, "{:?}", verdict.examples());
    }

    #[test]
    fn every_field_is_compared() {
        let before = normalized("a", None);
        let same = enriched(before.clone());
        check(&[(before.clone(), same.clone())], Allowed::default(), &[]);
        let changes: [fn(&mut Normalized); 4] = [
            |fact| fact.fields = fact.fields.clone().with("data", &text("{ }")),
            |fact| fact.fields = fact.fields.clone().with("queueId", &text("q")),
            |fact| fact.fields = fact.fields.clone().without("queueId"),
            |fact| fact.timestamp = 1,
        ];
        for change in changes {
            let mut changed = same.clone();
            change(&mut changed.fact);
            check(&[(before.clone(), changed)], Allowed::default(), &["field"]);
        }
    }

    #[test]
    fn a_record_has_the_time_of_its_receipt_only_where_the_broker_may_believe_it() {
        let received =
            |ingest_time, appended| Normalized { ingest_time, timestamp: appended, ..normalized("a", None) };
        let published = |fact: &Normalized, timestamp| enriched(Normalized { timestamp, ..fact.clone() });
        for (before, right, wrong) in [
            (received(1_000_000, 1_000_700), 1_000_000, 1_000_700),
            (received(1_000_000, 1_600_000), 1_000_000, 1_600_000),
            (received(1_000_000, 1_600_001), 1_600_001, 1_000_000),
            (received(9_000_000, 1_000_000), 1_000_000, 9_000_000),
        ] {
            check(&[(before.clone(), published(&before, right))], Allowed::default(), &[]);
            check(&[(before.clone(), published(&before, wrong))], Allowed::default(), &["field"]);
        }
    }

    #[test]
    fn a_payload_may_be_left_out_only_where_that_is_configured() {
        let before = normalized("a", None);
        let mut without = enriched(before.clone());
        without.fact.fields = without.fact.fields.with("data", &Value::Null);
        check(&[(before.clone(), without.clone())], Allowed::default(), &["field"]);
        check(&[(before, without)], Allowed { without_data: true, ..Allowed::default() }, &[]);
    }

    #[test]
    fn without_the_beginning_a_customer_may_be_known_from_before() {
        let silent = normalized("b", None);
        let filled = (silent.clone(), enriched(normalized("b", Some("C-1"))));
        check(&[filled], Allowed { incomplete: true, ..Allowed::default() }, &[]);
        let named = (normalized("a", Some("C-1")), enriched(normalized("a", Some("C-2"))));
        check(&[named], Allowed { incomplete: true, ..Allowed::default() }, &["customer"]);
    }

    #[test]
    fn a_customer_is_filled_in_from_the_conversation_and_from_nowhere_else() {
        let named = normalized("a", Some("C-1"));
        let silent = normalized("b", None);
        let filled = |customer: Option<&str>| enriched(normalized("b", customer));
        let first = (named.clone(), enriched(named));
        check(&[first.clone(), (silent.clone(), filled(Some("C-1")))], Allowed::default(), &[]);
        check(&[first.clone(), (silent.clone(), filled(Some("C-2")))], Allowed::default(), &["customer"]);
        check(&[first, (silent.clone(), filled(None))], Allowed::default(), &["customer"]);
        check(&[(silent, filled(Some("C-1")))], Allowed::default(), &["customer"]);
    }
}
