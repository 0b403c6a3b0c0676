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
    let is_known = match &source.found {
        Some(pointer) => answer.pointer(pointer).is_some_and(says_something),
        None => !answer.is_null(),
    };
    if !is_known {
        return Ok(None);
    }
    let mut data = ProfileData::default();
    for (field, pointer) in &source.fields {
        let value = answer.pointer(pointer).unwrap_or(&Value::Null);
        match field {
            ProfileField::AccountName => data.account_name = record::text_of(value, pointer)?,
            ProfileField::LoyaltyTier => data.loyalty_tier = record::text_of(value, pointer)?,
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
    match text.len() <= LONGEST_VALUE {
        true => Ok(Some(text)),
        false => Err(Unreadable::new(format!(
            "the value '{name}' has {} bytes, at most {LONGEST_VALUE} are kept; point at a part of it",
            text.len()
        ))),
    }
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
            (
                json!({"tags": ["4711".repeat(2_000)]}),
                "the value 'tags' has 8004 bytes, at most 4096 are kept",
            ),
        ] {
            let Unreadable(wrong) = read(&source(None), &answer).unwrap_err();
            assert!(wrong.contains(said) && !wrong.contains("4711"), "{wrong}");
        }
    }
}
