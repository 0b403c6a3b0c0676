//! `fields`: an enriched event says of the platform's event exactly what the normalized one says, field by field.

use std::collections::{HashMap, HashSet};

use super::exactly_once::{dead_places, first_of_each};
use crate::evidence::{Enriched, Evidence, NamedBy, Normalized};
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

/// Who the customers of conversations are, as events named them so far.
#[derive(Default)]
struct Customers<'a> {
    /// Some may have been named before the evidence begins.
    incomplete: bool,
    /// By the conversation; the first of those whose namer counts most.
    named: HashMap<(&'a str, &'a str), (&'a str, NamedBy)>,
    /// Conversations whose customer an event from before the evidence named.
    from_before: HashSet<(&'a str, &'a str)>,
}

/// Judges `fields`: every field equal (the payload byte for byte), and the record's time, which is that of the receipt,
/// or the broker's where that cannot be. Only the customer may be another, as an earlier event of the same conversation
/// named it, where this one names none or by what counts less; what else may differ, `allowed` says.
pub fn judge(evidence: &Evidence, allowed: Allowed) -> Verdict {
    let mut verdict = Verdict::new("fields");
    let facts = first_of_each(&evidence.normalized, &dead_places(&evidence.dead_letters));
    let mut customers = Customers { incomplete: allowed.incomplete, ..Customers::default() };
    let mut compared = 0;
    for event in &evidence.enriched {
        // Judged as invented elsewhere.
        let Some(fact) = facts.get(&event.fact.identity()) else { continue };
        compared += 1;
        verdict.count("fields_compared", fact.fields.len() as u64);
        if !customers.are_told_by(fact, event) {
            verdict.object("customer", || {
                format!(
                    "event {} at {} names another customer than its normalized event at {} and its conversation do",
                    fact.event_id, event.fact.place, fact.place
                )
            });
        }
        judge_fields(fact, event, allowed, &mut verdict);
    }
    verdict.count("events_compared", compared);
    verdict.having_compared(format!("every field of {}", counted(compared, "event")))
}

// === impl Customers ===

impl<'a> Customers<'a> {
    /// Takes an event in; whether it was published with the right customer.
    fn are_told_by(&mut self, fact: &'a Normalized, event: &'a Enriched) -> bool {
        let (own, published) = (fact.customer_id.as_deref(), event.fact.customer_id.as_deref());
        if !fact.is_conversational() {
            return published == own;
        }
        let known = self.named.get(&fact.entity()).copied();
        let own = own.map(|own| (own, fact.customer_by));
        let counts = match (known, own) {
            (Some(known), Some(own)) if known.1 <= own.1 => Some(own),
            (Some(known), _) => Some(known),
            (None, own) => own,
        };
        // The first stays, of those who are named by the same.
        if let Some(own) = own.filter(|own| known.is_none_or(|known| known.1 < own.1)) {
            self.named.insert(fact.entity(), own);
        }
        if published == counts.map(|(customer, _)| customer) {
            return true;
        }
        let (Some(published), true) = (published, self.incomplete) else { return false };
        let may_be_from_before = own.is_none_or(|(_, by)| by < NamedBy::Tenant);
        let is_new = may_be_from_before && self.from_before.insert(fact.entity());
        if is_new {
            // It counts at least as much as whoever it was published for instead.
            let by = own.map_or(NamedBy::Channel, |_| NamedBy::Tenant);
            self.named.insert(fact.entity(), (published, by));
        }
        is_new
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
        let incomplete = Allowed { incomplete: true, ..Allowed::default() };
        let by_tenant =
            |id, customer| Normalized { customer_by: NamedBy::Tenant, ..normalized(id, Some(customer)) };
        let named = (by_tenant("a", "C-1"), enriched(normalized("a", Some("C-2"))));
        check(&[named], incomplete, &["customer"]);
        // An attribute may have named another one before; a second one cannot have.
        let weakly = |id, published| (normalized(id, Some("C-1")), enriched(normalized(id, Some(published))));
        check(&[weakly("a", "C-2"), weakly("b", "C-2")], incomplete, &[]);
        check(&[weakly("a", "C-2"), weakly("b", "C-3")], incomplete, &["customer"]);
        check(&[weakly("a", "C-2")], Allowed::default(), &["customer"]);
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

    #[test]
    fn what_counts_more_replaces_a_customer_and_what_counts_less_does_not() {
        use NamedBy::{Channel, Platform, Tenant};
        let told = |id: &str, named: Option<(&str, NamedBy)>, published: Option<&str>| {
            let by = named.map_or(Channel, |(_, by)| by);
            let fact = Normalized { customer_by: by, ..normalized(id, named.map(|(customer, _)| customer)) };
            let after = Normalized { customer_id: published.map(Into::into), ..fact.clone() };
            (fact, enriched(after))
        };
        let contact = told("a", Some(("contact", Platform)), Some("contact"));
        let tenant = told("b", Some(("C-1", Tenant)), Some("C-1"));
        let right = [
            told("c", Some(("+49", Channel)), Some("C-1")),
            told("d", Some(("contact", Platform)), Some("C-1")),
            told("e", None, Some("C-1")),
            // Of those that count the same, each event has its own, and the first is the conversation's.
            told("f", Some(("C-2", Tenant)), Some("C-2")),
            told("g", None, Some("C-1")),
        ];
        let all = [&[contact.clone(), tenant.clone()][..], &right].concat();
        check(&all, Allowed::default(), &[]);
        for wrong in [
            told("h", Some(("contact", Platform)), Some("contact")),
            told("h", None, Some("contact")),
            told("h", None, Some("C-2")),
            told("h", None, None),
        ] {
            check(&[&all[..], &[wrong]].concat(), Allowed::default(), &["customer"]);
        }
        check(
            &[contact, told("b", Some(("C-1", Tenant)), Some("contact"))],
            Allowed::default(),
            &["customer"],
        );
    }
}
