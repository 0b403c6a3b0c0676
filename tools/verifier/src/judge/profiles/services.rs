//! What HTTP services of the user's own added to profiles, against what they answered, where there are audit logs of
//! theirs: those name them as the configuration names their sources.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answers::may_be_of;
use crate::configuration::{EnrichmentRules, Service};
use crate::evidence::{Call, ProfileRecord, ProfileSourcePart};
use crate::percent::decoded;
use crate::report::Verdict;

/// Judges what records have of the services that are asked by what an event names its customer by.
pub(super) fn judge(
    records: &[ProfileRecord],
    calls: &[Call],
    rules: Option<&EnrichmentRules>,
    verdict: &mut Verdict,
) {
    for (name, service) in rules.into_iter().flat_map(|rules| &rules.services) {
        let told: Vec<Told<'_>> =
            calls.iter().filter(|call| call.system == *name).filter_map(Told::of).collect();
        // Nobody kept what it was asked, as of a service that is none of the world that was made up.
        if told.is_empty() {
            continue;
        }
        let mut by_customer: BTreeMap<&str, Vec<&Told<'_>>> = BTreeMap::new();
        for told in &told {
            told.words.iter().for_each(|word| by_customer.entry(word).or_default().push(told));
        }
        for record in records {
            let Some(part) = record.parts.iter().find(|part| part.source == *name) else { continue };
            let Some(fetched_at) = part.fetched_at else { continue };
            verdict.count("service_answers_compared", 1);
            let about = by_customer.get(record.fields.customer_id.as_str()).into_iter().flatten();
            let mut then = about.filter(|told| may_be_of(fetched_at, told.at));
            if !then.any(|told| told.agrees(part, service)) {
                verdict.object("unanswered", || {
                    format!(
                        "customer.profiles {}: what it has from {name}, fetched at {fetched_at}, is not what that \
                         answered about that customer then",
                        record.place
                    )
                });
            }
        }
    }
}

/// What a service told at some time.
struct Told<'a> {
    /// When the answer was on its way; UTC milliseconds.
    at: f64,
    /// What stands in the question, each part by itself: among it whom it is about.
    words: BTreeSet<String>,
    call: &'a Call,
}

// === impl Told ===

impl<'a> Told<'a> {
    /// `None` of what is no answer to a question.
    fn of(call: &'a Call) -> Option<Self> {
        let is_answer = call.succeeded() || matches!(call.status, 404 | 410);
        let at = call.finished_at.filter(|_| is_answer && call.method.eq_ignore_ascii_case("GET"))?;
        let words =
            call.path.split(['/', '?', '&', '=']).filter(|word| !word.is_empty()).map(decoded).collect();
        Some(Self { at, words, call })
    }

    /// Whether a part can come from this answer. A service that failed since keeps what it said before, so the status
    /// is compared only where it says that the service answered.
    fn agrees(&self, part: &ProfileSourcePart, service: &Service) -> bool {
        let values = self.values(service);
        let is_known = if values.is_some() { "OK" } else { "NOT_FOUND" };
        let has_answered = matches!(part.status.as_str(), "OK" | "NOT_FOUND");
        (!has_answered || part.status == is_known) && part.fields.values == values.unwrap_or_default()
    }

    /// The values that are configured; `None` where the service does not know the customer.
    fn values(&self, service: &Service) -> Option<BTreeMap<String, String>> {
        let body: Value =
            serde_json::from_str(self.call.answer.as_deref().filter(|_| self.call.succeeded())?).ok()?;
        let text = |value: &Value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
            other => Some(other.to_string()),
        };
        let value = |(name, pointer): (&String, &String)| Some((name.clone(), text(body.pointer(pointer)?)?));
        Some(service.values.iter().filter_map(value).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::ProfileFields;
    use crate::judge::profiles::tests::rules;

    const MEMBER: &str = r#"{"member":{"points":120,"segment":"frequent"}}"#;

    fn answered(customer: &str, status: u16, answer: Option<&str>) -> Call {
        Call {
            system: "loyalty".into(),
            method: "GET".into(),
            path: format!("/v1/members/{customer}"),
            finished_at: Some(990.0),
            status,
            answer: answer.map(str::to_owned),
            ..Call::default()
        }
    }

    /// What is found of a record about `+1317` with these points, if any, fetched in time.
    fn objects(calls: &[Call], status: &str, points: Option<&str>, fetched_at: i64) -> u64 {
        let pointer = |name: &str| (name.to_owned(), format!("/member/{name}"));
        let service = Service { values: [pointer("points"), pointer("segment")].into() };
        let rules = EnrichmentRules { services: [("loyalty".to_owned(), service)].into(), ..rules() };
        let mut values = BTreeMap::new();
        if let Some(points) = points {
            values.extend(
                [("points", points), ("segment", "frequent")].map(|(a, b)| (a.to_owned(), b.to_owned())),
            );
        }
        let customer_id = "+1317".to_owned();
        let part = ProfileSourcePart {
            source: "loyalty".into(),
            system: "http".into(),
            status: status.into(),
            fetched_at: Some(fetched_at),
            fields: ProfileFields { values, ..ProfileFields::default() },
            ..ProfileSourcePart::default()
        };
        let fields = ProfileFields { customer_id, ..ProfileFields::default() };
        let record = ProfileRecord { fields, parts: vec![part], ..ProfileRecord::default() };
        let mut verdict = Verdict::new("answers-to-lookups");
        judge(&[record], calls, Some(&rules), &mut verdict);
        verdict.violations()
    }

    #[test]
    fn a_record_has_what_the_service_answered_about_its_customer_then() {
        let member = || answered("%2B1317", 200, Some(MEMBER));
        let stranger = || answered("%2B1317", 404, Some("{}"));
        for (calls, status, points, fetched_at, expected) in [
            (vec![member()], "OK", Some("120"), 1_000, 0),
            (vec![member()], "OK", Some("121"), 1_000, 1),
            (vec![member()], "OK", None, 1_000, 1),
            (vec![member()], "NOT_FOUND", None, 1_000, 1),
            (vec![member()], "OK", Some("120"), 90_000, 1),
            // It keeps what it said before it failed.
            (vec![member()], "TIMEOUT", Some("120"), 1_000, 0),
            (vec![stranger()], "NOT_FOUND", None, 1_000, 0),
            (vec![stranger()], "OK", Some("120"), 1_000, 1),
            (vec![answered("%2B13170", 200, Some(MEMBER))], "OK", Some("120"), 1_000, 1),
            (vec![answered("%2B1317", 500, None), answered("C-1", 404, None)], "NOT_FOUND", None, 1_000, 1),
            // Nobody kept what the service was asked.
            (vec![], "OK", Some("120"), 1_000, 0),
        ] {
            assert_eq!(
                objects(&calls, status, points, fetched_at),
                expected,
                "{status} {points:?} {calls:?}"
            );
        }
    }
}
