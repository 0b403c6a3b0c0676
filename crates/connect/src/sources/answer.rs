//! What a source's answer says, by the pointers of its configuration. Pure.

use rust_decimal::Decimal;
use serde_json::Value;
use trunkline_config::{BalanceAt, CurrencyAt, LookupSource};
use trunkline_profiles::ProfileData;
use trunkline_schemas::money;
use trunkline_systems::ProfileField;

use crate::record::{self, Unreadable};

/// Bytes that one value may have: each stands in the profile, and the profile in each event.
const LONGEST_VALUE: usize = 4 << 10;

/// What is read of an answer; `None` where it says that the customer is not known.
///
/// # Errors
/// [`Unreadable`] where a value is not of the type that its name promises.
pub(super) fn read(source: &LookupSource, answer: &Value) -> Result<Option<ProfileData>, Unreadable> {
    let Some(answer) = only_one(source, answer)? else { return Ok(None) };
    let is_known = match &source.found {
        Some(pointer) => answer.pointer(pointer).is_some_and(says_something),
        None => !answer.is_null() && !answer.as_array().is_some_and(Vec::is_empty),
    };
    if !is_known {
        return Ok(None);
    }
    let mut data = ProfileData::default();
    for (field, pointer) in &source.fields {
        let value = answer.pointer(pointer).unwrap_or(&Value::Null);
        match field {
            ProfileField::AccountName => {
                data.account_name = short(record::text_of(value, pointer)?, pointer)?
            }
            ProfileField::LoyaltyTier => {
                data.loyalty_tier = short(record::text_of(value, pointer)?, pointer)?
            }
            ProfileField::LastInteractionDate => data.last_interaction = record::moment_of(value, pointer)?,
            ProfileField::OpenTickets => data.open_tickets = count(value, pointer)?,
            // These have pointers of their own, or are told by nobody.
            ProfileField::Balance | ProfileField::Numbers | ProfileField::Values => {}
        }
    }
    if let Some(at) = &source.balance {
        data.balances = balance(answer, at)?.into_iter().collect();
    }
    for (name, pointer) in &source.values {
        let value = answer.pointer(pointer).map(|value| text(name, value)).transpose()?.flatten();
        data.values.extend(value.map(|value| (name.clone(), value)));
    }
    Ok(Some(data))
}

/// The customer in an answer that lists those who fit: none is not known, and of several none is chosen.
fn only_one<'a>(source: &LookupSource, answer: &'a Value) -> Result<Option<&'a Value>, Unreadable> {
    let Some(pointer) = &source.one_of else { return Ok(Some(answer)) };
    match answer.pointer(pointer) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(customers)) => match customers.as_slice() {
            [] => Ok(None),
            [customer] => Ok(Some(customer)),
            several => Err(Unreadable::new(format!(
                "'{pointer}' has {} customers, of whom none is chosen; ask by something that only one has",
                several.len()
            ))),
        },
        Some(other) => {
            Err(Unreadable::new(format!("'{pointer}' is {}, must be a list", record::kind(other))))
        }
    }
}

/// A text that is short enough for each event.
fn short(text: Option<String>, name: &str) -> Result<Option<String>, Unreadable> {
    match text.as_ref().map_or(0, String::len) {
        length if length > LONGEST_VALUE => Err(Unreadable::new(format!(
            "'{name}' has {length} bytes, at most {LONGEST_VALUE} are kept; point at a part of it"
        ))),
        _ => Ok(text),
    }
}

/// Nothing, an empty text, an empty list and "no" say that there is nobody.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(_) => true,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn count(value: &Value, pointer: &str) -> Result<Option<i32>, Unreadable> {
    if value.is_null() {
        return Ok(None);
    }
    let count = value.as_u64().and_then(|count| i32::try_from(count).ok());
    count.map(Some).ok_or_else(|| {
        Unreadable::new(format!("'{pointer}' is {}, must be a whole number from 0", record::kind(value)))
    })
}

fn balance(answer: &Value, at: &BalanceAt) -> Result<Option<(String, Decimal)>, Unreadable> {
    let pointer = &at.amount;
    let amount = match answer.pointer(pointer) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => record::amount_of(value).ok_or_else(|| {
            Unreadable::new(format!("'{pointer}' is {}, must be an amount", record::kind(value)))
        })?,
    };
    money::rescale(amount).map_err(|_| Unreadable::new(format!("'{pointer}' is beyond all bounds")))?;
    let currency = match &at.currency {
        CurrencyAt::Fixed(currency) => currency.clone(),
        CurrencyAt::Pointer(pointer) => {
            let written = record::text_of(answer.pointer(pointer).unwrap_or(&Value::Null), pointer)?;
            let is_code =
                |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
            written.filter(is_code).ok_or_else(|| {
                Unreadable::new(format!("'{pointer}' must be the currency of the amount, such as \"EUR\""))
            })?
        }
    };
    Ok(Some((currency, amount)))
}

/// A value as text: what is no text as compact JSON. `None` for nothing and for an empty text.
fn text(name: &str, value: &Value) -> Result<Option<String>, Unreadable> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.trim().is_empty() => return Ok(None),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    short(Some(text), name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use trunkline_config::{Asked, SourceMethod, Template};

    use super::*;

    fn source(found: Option<&str>) -> LookupSource {
        let pointers = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(name, pointer)| ((*name).to_owned(), (*pointer).to_owned())).collect()
        };
        LookupSource {
            name: "s".to_owned(),
            target: "t".to_owned(),
            asked: Asked::Always,
            method: SourceMethod::Get,
            path: Template { parts: Vec::new() },
            query: BTreeMap::new(),
            body: None,
            headers: BTreeMap::new(),
            external_source: None,
            found: found.map(str::to_owned),
            one_of: None,
            fields: [
                (ProfileField::AccountName, "/name".to_owned()),
                (ProfileField::LoyaltyTier, "/tiers/0".to_owned()),
                (ProfileField::OpenTickets, "/open".to_owned()),
                (ProfileField::LastInteractionDate, "/seen".to_owned()),
            ]
            .into(),
            balance: Some(BalanceAt {
                amount: "/balance/amount".to_owned(),
                currency: CurrencyAt::Pointer("/balance/currency".to_owned()),
            }),
            values: pointers(&[("vip", "/vip"), ("tags", "/tags"), ("note", "/note"), ("a_b", "/a~1b")]),
            cache: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn of_several_customers_none_is_chosen() {
        let source = LookupSource { one_of: Some("/members".to_owned()), ..source(None) };
        let member = |name: &str| json!({"name": name});
        let read = |answer: Value| read(&source, &answer).map(|data| data.and_then(|data| data.account_name));
        assert_eq!(read(json!({"members": [member("Ada")]})), Ok(Some("Ada".to_owned())));
        for nobody in [json!({"members": []}), json!({"members": null}), json!({}), json!([])] {
            assert_eq!(read(nobody), Ok(None));
        }
        let Unreadable(said) = read(json!({"members": [member("Ada"), member("Bob")]})).unwrap_err();
        assert!(said.contains("has 2 customers, of whom none is chosen"), "{said}");
        assert!(read(json!({"members": {"name": "Ada"}})).is_err());
    }

    #[test]
    fn an_empty_answer_knows_nobody_and_a_long_text_is_refused() {
        for nobody in [json!([]), json!(null)] {
            assert_eq!(read(&source(None), &nobody), Ok(None));
        }
        let long = json!({"name": "x".repeat(LONGEST_VALUE + 1)});
        let Unreadable(said) = read(&source(None), &long).unwrap_err();
        assert!(said.contains("'/name' has 4097 bytes"), "{said}");
    }

    #[test]
    fn everything_that_is_named_is_read() {
        let answer = json!({
            "name": "Ada", "tiers": ["GOLD"], "open": 0, "seen": "2026-01-02",
            "balance": {"amount": 12.5, "currency": "EUR"},
            "vip": true, "tags": ["a", {"b": 1}], "note": null, "a/b": "x",
        });
        let data = read(&source(None), &answer).unwrap().unwrap();
        assert_eq!((data.account_name.as_deref(), data.loyalty_tier.as_deref()), (Some("Ada"), Some("GOLD")));
        assert_eq!((data.open_tickets, data.last_interaction), (Some(0), Some(1_767_312_000_000)));
        assert_eq!(data.balances, BTreeMap::from([("EUR".to_owned(), Decimal::new(125, 1))]));
        let values: Vec<_> =
            data.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(values, [("a_b", "x"), ("tags", r#"["a",{"b":1}]"#), ("vip", "true")]);
        assert_eq!(
            read(&source(None), &json!({})).unwrap(),
            Some(ProfileData::default()),
            "unknown is no zero"
        );
    }

    #[test]
    fn what_says_that_there_is_nobody() {
        for nobody in [
            json!({}),
            json!({"id": null}),
            json!({"id": ""}),
            json!({"id": []}),
            json!({"id": false}),
            json!(null),
        ] {
            assert_eq!(read(&source(Some("/id")), &nobody), Ok(None), "{nobody}");
        }
        assert!(read(&source(Some("/id")), &json!({"id": 0})).unwrap().is_some());
        assert_eq!(read(&source(None), &json!(null)), Ok(None));
    }

    #[test]
    fn a_value_of_another_type_is_named_by_its_place_and_never_repeated() {
        for (answer, said) in [
            (json!({"name": 4711}), "'/name' is a number"),
            (json!({"tiers": [{"x": 4711}]}), "'/tiers/0' is an object"),
            (json!({"open": 4711.5}), "'/open' is a number, must be a whole number"),
            (json!({"open": -1}), "'/open' is a number, must be a whole number"),
            (json!({"seen": "4711"}), "'/seen' is a text, must be a date"),
            (json!({"balance": {"amount": "4711x"}}), "'/balance/amount' is a text, must be an amount"),
            (json!({"balance": {"amount": 4711}}), "'/balance/currency' must be the currency"),
            (
                json!({"balance": {"amount": 1, "currency": "e4711"}}),
                "'/balance/currency' must be the currency",
            ),
            (json!({"tags": ["4711".repeat(2_000)]}), "'tags' has 8004 bytes, at most 4096 are kept"),
        ] {
            let Unreadable(wrong) = read(&source(None), &answer).unwrap_err();
            assert!(wrong.contains(said) && !wrong.contains("4711"), "{wrong}");
        }
    }
}
