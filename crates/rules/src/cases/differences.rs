//! How what came of an event differs from what must come of it.

use std::fmt::Debug;

use trunkline_config::{Expected, ExpectedDecision, ExpectedWriteBack, Place};
use trunkline_schemas::{RoutingDecision, WriteBack};

use crate::Outcome;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where the expectation is written.
    pub place: Place,
    /// What differs, for instance `decision.queue`.
    pub what: String,
    /// As it must be.
    pub expected: String,
    /// As it is.
    pub found: String,
}

/// All differences, decision first.
pub(super) fn between(expected: &Expected, enriched: bool, found: &Outcome) -> Vec<Difference> {
    let mut differences = Vec::new();
    Comparison { place: expected.place, of: "event".to_owned(), differences: &mut differences }.field(
        "enriched",
        &expected.enriched,
        &enriched,
    );
    decision(expected, found.decision.as_deref(), &mut differences);
    if let Some(write_backs) = &expected.write_backs {
        self::write_backs(expected.place, write_backs, &found.write_backs, &mut differences);
    }
    errors(expected, found, &mut differences);
    differences
}

fn decision(expected: &Expected, found: Option<&RoutingDecision>, differences: &mut Vec<Difference>) {
    let described =
        |decision: &RoutingDecision| format!("rule '{}' decides {:?}", decision.rule_id, decision.queue);
    match (&expected.decision, found) {
        (None, _) | (Some(ExpectedDecision::None), None) => {}
        (Some(ExpectedDecision::None), Some(found)) => differences.push(Difference {
            place: expected.place,
            what: "decision".to_owned(),
            expected: "none".to_owned(),
            found: described(found),
        }),
        (Some(ExpectedDecision::Some { place, .. }), None) => differences.push(Difference {
            place: *place,
            what: "decision".to_owned(),
            expected: "one".to_owned(),
            found: "none".to_owned(),
        }),
        (Some(ExpectedDecision::Some { place, rule, queue, priority, skills, attributes }), Some(found)) => {
            let mut compare = Comparison { place: *place, of: "decision".to_owned(), differences };
            compare.field("rule", rule, &found.rule_id);
            compare.field("queue", queue, &found.queue);
            if let Some(priority) = priority
                && found.priority.map(i64::from) != Some(*priority)
            {
                let found = found.priority.map_or("none".to_owned(), |priority| priority.to_string());
                compare.differs("priority", priority.to_string(), found);
            }
            compare.field("skills", skills, &found.skills);
            compare.field("attributes", attributes, &found.attributes);
        }
    }
}

fn write_backs(
    place: Place,
    expected: &[ExpectedWriteBack],
    found: &[WriteBack],
    differences: &mut Vec<Difference>,
) {
    let mut left: Vec<&WriteBack> = found.iter().collect();
    for (index, expected) in expected.iter().enumerate() {
        let fits = |found: &&WriteBack| expected.rule.as_ref().is_none_or(|rule| *rule == found.rule_id);
        let name = expected.rule.clone().unwrap_or_else(|| (index + 1).to_string());
        let of = format!("writeback '{name}'");
        let Some(at) = left.iter().position(fits) else {
            let (expected_one, none) = ("issued".to_owned(), "not issued".to_owned());
            differences.push(Difference {
                place: expected.place,
                what: of,
                expected: expected_one,
                found: none,
            });
            continue;
        };
        let found = left.remove(at);
        let mut compare = Comparison { place: expected.place, of, differences };
        compare.field("rule", &expected.rule, &found.rule_id);
        compare.field("target", &expected.target, &found.target);
        compare.field("operation", &expected.operation, &found.operation);
        compare.field("resource", &expected.resource, &found.resource);
        compare.field("observe", &expected.observe, &found.observe);
        compare.field("parameters", &expected.parameters, &found.parameters);
        compare.field("fields", &expected.fields, &found.fields);
        if let Some(expires) = expected.expires {
            let after = found.expires_at.map(|at| i128::from(at) - i128::from(found.issued_at));
            if after != i128::try_from(expires.as_millis()).ok() {
                let after = after.map_or("never".to_owned(), |after| format!("{after} ms"));
                compare.differs("expires", format!("{} ms", expires.as_millis()), after);
            }
        }
    }
    for extra in left {
        differences.push(Difference {
            place,
            what: "writeback".to_owned(),
            expected: "no other".to_owned(),
            found: format!(
                "rule '{}' issues {} on {} with {:?}",
                extra.rule_id, extra.operation, extra.resource, extra.fields
            ),
        });
    }
}

/// Rules that fail without being expected to, and the other way round.
fn errors(expected: &Expected, found: &Outcome, differences: &mut Vec<Difference>) {
    let place = expected.place;
    let failed = |rule: &String| found.errors.iter().any(|error| error.subject.as_ref() == Some(rule));
    for rule in expected.errors.iter().filter(|rule| !failed(rule)) {
        let what = format!("rule '{rule}'");
        let (expected, found) = ("fails".to_owned(), "does not".to_owned());
        differences.push(Difference { place, what, expected, found });
    }
    for error in &found.errors {
        if error.subject.as_ref().is_none_or(|rule| !expected.errors.contains(rule)) {
            let what = "errors".to_owned();
            let found = format!("{} {}", error.code, error.message);
            differences.push(Difference { place, what, expected: "none".to_owned(), found });
        }
    }
}

/// Compares the fields of one thing.
struct Comparison<'d> {
    place: Place,
    of: String,
    differences: &'d mut Vec<Difference>,
}

// === impl Comparison ===

impl Comparison<'_> {
    fn field<T: PartialEq + Debug>(&mut self, name: &str, expected: &Option<T>, found: &T) {
        if let Some(expected) = expected
            && expected != found
        {
            self.differs(name, format!("{expected:?}"), format!("{found:?}"));
        }
    }

    fn differs(&mut self, name: &str, expected: String, found: String) {
        let what = format!("{}.{name}", self.of);
        self.differences.push(Difference { place: self.place, what, expected, found });
    }
}
