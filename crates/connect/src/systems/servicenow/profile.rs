//! How many tickets of a customer are open.

use serde_json::Value;
use trunkline_profiles::ProfileData;

use crate::encode::{self, Unsafe};
use crate::lookup::{Found, ProfileLookup, Unreadable};

pub(super) const LOOKUP: ProfileLookup = ProfileLookup {
    path: profile_path,
    read,
    // Version 1 of its interfaces says "nothing found" so.
    not_found: || Some(open_tickets(0)),
};

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let query = format!("active=true^correlation_display={}", encode::servicenow_value(customer_id)?);
    let pairs = [("sysparm_query", query.as_str()), ("sysparm_count", "true")];
    Ok(format!("/api/now/stats/incident?{}", encode::query(&pairs)))
}

/// The customer's open tickets. None open is an answer, not the lack of one: ServiceNow keeps tickets, not
/// customers.
fn read(pages: &[Value], _base_url: &str) -> Result<Found, Unreadable> {
    let count = pages.last().and_then(|page| page.pointer("/result/stats/count"));
    // Numbers are text.
    let count = count.and_then(|count| match count {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_i64().and_then(|number| i32::try_from(number).ok()),
    });
    count.map(|count| Found::All(Some(open_tickets(count)))).ok_or(Unreadable("no count"))
}

fn open_tickets(count: i32) -> ProfileData {
    ProfileData { open_tickets: Some(count), ..ProfileData::default() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_customer_id_stays_a_value() {
        assert_eq!(
            profile_path("C-000001").unwrap(),
            "/api/now/stats/incident?sysparm_query=active%3Dtrue%5Ecorrelation_display%3DC-000001&sysparm_count=true"
        );
        assert!(profile_path("C-1^ORactive=false").is_err());
    }

    #[test]
    fn counts_are_text_or_numbers() {
        let read = |page: Value| read(&[page], "https://tickets.example");
        for (count, expected) in [(json!("12"), 12), (json!(0), 0)] {
            let found = read(json!({"result": {"stats": {"count": count}}}));
            assert_eq!(found, Ok(Found::All(Some(open_tickets(expected)))));
        }
        for broken in [json!({"result": []}), json!({"result": {"stats": {"count": "many"}}}), Value::Null] {
            assert!(read(broken.clone()).is_err(), "{broken}");
        }
    }
}
