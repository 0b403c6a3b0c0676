//! Fields of a record in an answer, typed: a value of another type is an error that names the field. Pure.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_schemas::timestamp;
use trunkline_systems::ProfileField;

/// An answer is not what the system's interface or the mapping promises: what is wrong with it. It names fields, never
/// their values, which are personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) String);

impl Unreadable {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// What a mapping reads of a record.
pub(crate) fn data(
    record: &Value,
    fields: &BTreeMap<ProfileField, String>,
) -> Result<ProfileData, Unreadable> {
    let mut data = ProfileData::default();
    for (name, field) in fields {
        match name {
            ProfileField::AccountName => data.account_name = text(record, field)?,
            ProfileField::LoyaltyTier => data.loyalty_tier = text(record, field)?,
            ProfileField::LastInteractionDate => data.last_interaction = moment(record, field)?,
            // They are computed from other records or come from elsewhere; the configuration names no field for them.
            ProfileField::Balance
            | ProfileField::OpenTickets
            | ProfileField::Numbers
            | ProfileField::Values => {
                return Err(Unreadable::new(format!("'{}' is not read of a record", name.as_str())));
            }
        }
    }
    Ok(data)
}

/// A text; `None` where the field is empty.
pub(crate) fn text(record: &Value, field: &str) -> Result<Option<String>, Unreadable> {
    text_of(at(record, field)?, field)
}

/// A value that is a text; `None` where it is empty. `field` is what messages call it.
pub(crate) fn text_of(value: &Value, field: &str) -> Result<Option<String>, Unreadable> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        other => Err(Unreadable::new(format!("field '{field}' is {}, must be a text", kind(other)))),
    }
}

/// A day or a time, in UTC milliseconds; `None` where the field is empty.
fn moment(record: &Value, field: &str) -> Result<Option<i64>, Unreadable> {
    moment_of(at(record, field)?, field)
}

/// A value that is a day or a time, in UTC milliseconds; `None` where it is empty.
pub(crate) fn moment_of(value: &Value, field: &str) -> Result<Option<i64>, Unreadable> {
    let Some(written) = text_of(value, field)? else { return Ok(None) };
    let moment = timestamp::date_or_time(&written);
    moment
        .map(Some)
        .ok_or_else(|| Unreadable::new(format!("field '{field}' is a text, must be a date or a time")))
}

/// An amount of money, which systems write as a number or as a text; `None` for what is none.
pub(crate) fn amount_of(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// The value of a field; `null` where a related record is not there. A name with dots is that of a related record's
/// field, whichever way the answer nests it.
pub(crate) fn at<'a>(record: &'a Value, field: &str) -> Result<&'a Value, Unreadable> {
    if let Some(value) = member(record, field) {
        return Ok(value);
    }
    let mut value = record;
    for name in field.split('.') {
        if value.is_null() {
            return Ok(value);
        }
        value = member(value, name).ok_or_else(|| {
            Unreadable::new(format!(
                "field '{field}' is not in the answer: there is none, or the account may not read it"
            ))
        })?;
    }
    Ok(value)
}

/// A member of an object; systems write names in their own case.
fn member<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    members.get(name).or_else(|| {
        members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

/// The type of a value, for people.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_of_related_records_are_found_however_they_are_nested() {
        let nested = json!({"Account": {"Name": "Ada"}, "Owner": null, "caller_id.name": "Bob"});
        for (field, expected) in [
            ("Account.Name", Ok(Some("Ada".to_owned()))),
            ("account.name", Ok(Some("Ada".to_owned()))),
            ("Owner.Name", Ok(None)),
            ("caller_id.name", Ok(Some("Bob".to_owned()))),
        ] {
            assert_eq!(text(&nested, field), expected, "{field}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_named_by_its_field() {
        let record = json!({"Tier__c": 3, "Name": {"x": 1}, "Seen": "soon", "Empty": " "});
        for (fields, said) in [
            ([(ProfileField::LoyaltyTier, "Tier__c")], "field 'Tier__c' is a number, must be a text"),
            ([(ProfileField::AccountName, "Name")], "field 'Name' is an object, must be a text"),
            (
                [(ProfileField::LastInteractionDate, "Seen")],
                "field 'Seen' is a text, must be a date or a time",
            ),
        ] {
            let fields = fields.map(|(name, field)| (name, field.to_owned())).into();
            assert_eq!(data(&record, &fields), Err(Unreadable::new(said)));
        }
        assert_eq!(text(&record, "Empty"), Ok(None));
        assert!(text(&record, "Nmae").unwrap_err().0.contains("'Nmae' is not in the answer"));
    }
}
