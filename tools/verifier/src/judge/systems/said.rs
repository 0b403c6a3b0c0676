//! What an outside system says of a customer, as the vendors document their answers (contracts: Salesforce query, SAP
//! OData version 2, ServiceNow aggregate).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{contacts_found, system};
use crate::evidence::Call;

/// What a system says of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::judge) enum Said {
    /// It does not know the customer.
    Nothing,
    /// Nothing is open of the customer's number, whether it knows the customer or not.
    NothingOpen,
    /// It knows several who may be meant, so it says nothing of this one.
    Several,
    Account {
        name: Option<String>,
        tier: Option<String>,
        last_activity: Option<i64>,
    },
    /// By currency.
    Balances(BTreeMap<String, i128>),
    Tickets(i64),
}

/// What stands in a question about items that are open.
const ITEMS: &str = "A_OperationalAcctgDocItemCube";
/// What an answer says; `None` for one that leads to other questions, and for what cannot be read.
pub(in crate::judge) fn said(call: &Call) -> Option<Said> {
    let system = system(&call.system)?;
    if matches!(call.status, 404 | 410) {
        return Some(system.unknown.clone());
    }
    if !call.succeeded() {
        return None;
    }
    let body: Value = serde_json::from_str(call.answer.as_deref()?).ok()?;
    (system.said)(call, &body)
}

/// Of a contact: whether another system has a number of it. What a search found is for other questions to tell: where
/// there is no contact, the systems are asked all the same, by the address.
pub(super) fn directory(call: &Call, body: &Value) -> Option<Said> {
    let leads_nowhere = body["externalIds"].as_array().is_none_or(Vec::is_empty);
    (contacts_found(call).is_none() && leads_nowhere).then_some(Said::Nothing)
}

pub(super) fn open_items(call: &Call, body: &Value) -> Option<Said> {
    match balance(body)? {
        Said::Nothing if call.path.contains(ITEMS) => Some(Said::NothingOpen),
        said => Some(said),
    }
}

pub(super) fn users_or_tickets(_: &Call, body: &Value) -> Option<Said> {
    match body["result"].as_array() {
        Some(users) => found(users, |_| true).unwrap_or(Some(Said::Nothing)),
        None => tickets(body).map(Said::Tickets),
    }
}

/// Of systems that are never asked about customers.
pub(super) fn nothing(_: &Call, _: &Value) -> Option<Said> {
    None
}

pub(super) fn account(_: &Call, body: &Value) -> Option<Said> {
    let record = match body["records"].as_array()?.as_slice() {
        [] => return Some(Said::Nothing),
        [record] => record,
        _ => return Some(Said::Several),
    };
    let text = |name: &str| record[name].as_str().map(str::to_owned);
    let day = |text: &str| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    let midnight =
        |day: chrono::NaiveDate| day.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp_millis());
    Some(Said::Account {
        name: text("Name"),
        tier: text("LoyaltyTier__c"),
        last_activity: record["LastActivityDate"].as_str().and_then(day).and_then(midnight),
    })
}

fn balance(body: &Value) -> Option<Said> {
    // A part of several pages is no sum.
    let rows = body["d"]["results"].as_array().filter(|_| body["d"]["__next"].is_null())?;
    if rows.is_empty() {
        return Some(Said::Nothing);
    }
    if let Some(several) = found(rows, |row| row["AmountInCompanyCodeCurrency"].is_null()) {
        return several;
    }
    // Sums across currencies mean nothing.
    let mut balances = BTreeMap::new();
    for row in rows {
        let currency = row["CompanyCodeCurrency"].as_str()?.to_owned();
        *balances.entry(currency).or_default() +=
            ten_thousandths(row["AmountInCompanyCodeCurrency"].as_str()?)?;
    }
    Some(Said::Balances(balances))
}

/// What the answer to a search for a customer says by itself: that there are several. One leads to other questions.
/// `None` where it is no such answer, or an empty one.
fn found(rows: &[Value], is_of_search: impl Fn(&Value) -> bool) -> Option<Option<Said>> {
    let is_search = !rows.is_empty() && rows.iter().all(is_of_search);
    is_search.then(|| (rows.len() > 1).then_some(Said::Several))
}

fn tickets(body: &Value) -> Option<i64> {
    let count = &body["result"]["stats"]["count"];
    count.as_i64().or_else(|| count.as_str()?.trim().parse().ok())
}

/// `-12.5` is -125,000; `None` for what is no decimal of at most four places.
fn ten_thousandths(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if places.len() > 4 || places.contains(|character: char| !character.is_ascii_digit()) {
        return None;
    }
    let places: i128 = format!("{places:0<4}").parse().ok()?;
    let number = whole.parse::<u64>().ok().map(i128::from)? * 10_000 + places;
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_last_place() {
        assert_eq!(ten_thousandths("100.10"), Some(1_001_000));
        assert_eq!(ten_thousandths("-0.2"), Some(-2_000));
        assert_eq!(ten_thousandths("5"), Some(50_000));
        for wrong in ["", "x", "1.23456", "1.-2", "--1"] {
            assert_eq!(ten_thousandths(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn answers_are_read_as_the_vendors_document_them() {
        let read = |system: &str, answer: &str| {
            said(&Call {
                system: system.into(),
                status: 200,
                answer: Some(answer.into()),
                ..Default::default()
            })
        };
        assert_eq!(read("salesforce", r#"{"records":[]}"#), Some(Said::Nothing));
        let record = r#"{"records":[{"Name":"Ada","LoyaltyTier__c":null,"LastActivityDate":"2026-11-20"}]}"#;
        let last_activity = Some(1_795_132_800_000);
        assert_eq!(
            read("salesforce", record),
            Some(Said::Account { name: Some("Ada".into()), tier: None, last_activity })
        );
        let items = |second: &str| {
            format!(
                r#"{{"d":{{"results":[{{"AmountInCompanyCodeCurrency":"1.50","CompanyCodeCurrency":"EUR"}},
                {{"AmountInCompanyCodeCurrency":"2","CompanyCodeCurrency":"{second}"}}]}}}}"#
            )
        };
        let balances = |of: &[(&str, i128)]| {
            Some(Said::Balances(of.iter().map(|(currency, sum)| ((*currency).to_owned(), *sum)).collect()))
        };
        assert_eq!(read("sap", &items("EUR")), balances(&[("EUR", 35_000)]));
        assert_eq!(read("sap", &items("USD")), balances(&[("EUR", 15_000), ("USD", 20_000)]));
        assert_eq!(read("servicenow", r#"{"result":{"stats":{"count":"12"}}}"#), Some(Said::Tickets(12)));
        assert_eq!(read("servicenow", "<html>"), None);
        // Searches: nobody, one who is asked about next, several.
        assert_eq!(read("servicenow", r#"{"result":[]}"#), Some(Said::Nothing));
        assert_eq!(read("servicenow", r#"{"result":[{"sys_id":"1"}]}"#), None);
        assert_eq!(read("servicenow", r#"{"result":[{"sys_id":"1"},{"sys_id":"2"}]}"#), Some(Said::Several));
        assert_eq!(read("sap", r#"{"d":{"results":[{"AddressID":"1"}]}}"#), None);
        let several = r#"{"d":{"results":[{"AddressID":"1"},{"AddressID":"2"}]}}"#;
        assert_eq!(read("sap", several), Some(Said::Several));
    }
}
