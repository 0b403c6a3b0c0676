//! What a write would change.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use trunkline_schemas::timestamp;

use super::{Current, Request};

/// One field's change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The present value; `null` when there is none.
    pub from: Value,
    /// The value to write.
    pub to: String,
}

/// The fields that a write would change.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Difference {
    changes: BTreeMap<String, Change>,
}

/// What `request` would change of `current`. Values are compared by what they mean: `12` and `12.0`, or the
/// same time written in two ways, are no difference.
pub fn difference(request: &Request, current: &Current) -> Difference {
    let changes = request.fields.iter().filter_map(|(name, to)| {
        let from = current.fields.get(name).cloned().unwrap_or(Value::Null);
        let differs = !current.exists || !means_the_same(&from, to);
        differs.then(|| (name.clone(), Change { from, to: to.clone() }))
    });
    Difference { changes: changes.collect() }
}

// === impl Difference ===

impl Difference {
    /// True when everything already is as asked.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The changes by field.
    pub fn changes(&self) -> &BTreeMap<String, Change> {
        &self.changes
    }

    /// As JSON: `{"field": {"from": …, "to": …}}`.
    pub fn to_json(&self) -> String {
        serde_json::to_value(self).map_or_else(|_| "{}".to_owned(), |value| value.to_string())
    }
}

fn means_the_same(present: &Value, wanted: &str) -> bool {
    let text = match present {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        // Systems keep an empty text as none.
        Value::Null => return wanted.is_empty(),
        Value::Array(_) | Value::Object(_) => return false,
    };
    // A text that looks like a number is compared as text, unless the system itself says that it is one.
    let is_number = matches!(present, Value::Number(_));
    text == wanted || (is_number && same(&text, wanted, decimal)) || same(&text, wanted, timestamp::date_time)
}

fn same<T: PartialEq>(left: &str, right: &str, read: impl Fn(&str) -> Option<T>) -> bool {
    read(left).is_some_and(|left| read(right) == Some(left))
}

fn decimal(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_systems::System;

    use super::*;
    use crate::testing;

    fn request() -> Request {
        let parameters = [("conversationId", "c"), ("participantId", "p")];
        let command =
            testing::command("participant_attributes", &parameters, &[("tier", "GOLD"), ("queue", "vip")]);
        Request::from_write_back(&command, System::Genesys, None).unwrap()
    }

    fn current(tier: Value, queue: Value) -> Current {
        Current {
            exists: true,
            fields: BTreeMap::from([("tier".to_owned(), tier), ("queue".to_owned(), queue)]),
        }
    }

    #[test]
    fn only_what_differs_is_listed() {
        let difference = difference(&request(), &current(json!("SILVER"), json!("vip")));
        assert_eq!(difference.to_json(), r#"{"tier":{"from":"SILVER","to":"GOLD"}}"#);
    }

    #[test]
    fn nothing_differs_once_it_is_applied() {
        assert!(difference(&request(), &current(json!("GOLD"), json!("vip"))).is_empty());
    }

    #[test]
    fn everything_differs_from_what_does_not_exist() {
        assert_eq!(difference(&request(), &Current::default()).changes().len(), 2);
    }

    #[test]
    fn values_are_compared_by_what_they_mean() {
        for (present, wanted, same) in [
            (json!(12.0), "12", true),
            (json!(12), "12.00", true),
            (json!("012"), "12", false),
            (json!(true), "true", true),
            (json!("2026-11-20T10:00:00.000+0000"), "2026-11-20T11:00:00+01:00", true),
            (json!("2026-11-20T10:00:00.000+0000"), "2026-11-20T10:00:01Z", false),
            (Value::Null, "", true),
            (Value::Null, "null", false),
            (json!({"a": 1}), "{}", false),
        ] {
            assert_eq!(means_the_same(&present, wanted), same, "{present} {wanted}");
        }
    }
}
