//! The account behind a customer number.

use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_schemas::timestamp;

use super::API;
use crate::encode::{self, Unsafe};
use crate::lookup::{Found, ProfileLookup, Unreadable};

pub(super) const LOOKUP: ProfileLookup = ProfileLookup { path: profile_path, read, not_found: || None };

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let soql = format!(
        "SELECT Id, Name, LoyaltyTier__c, LastActivityDate FROM Account WHERE CustomerNumber__c={}",
        encode::soql_string(customer_id)?
    );
    Ok(format!("{API}/query?{}", encode::query(&[("q", &soql)])))
}

/// The customer's account; `None` when no account has the customer's number.
fn read(pages: &[Value], _base_url: &str) -> Result<Found, Unreadable> {
    let records = pages.last().and_then(|page| page.get("records")).and_then(Value::as_array);
    let record = match records.ok_or(Unreadable("no records"))?.as_slice() {
        [] => return Ok(Found::All(None)),
        [record] => record,
        _ => return Err(Unreadable("several accounts have this customer number")),
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Found::All(Some(ProfileData {
        account_name: text("Name"),
        loyalty_tier: text("LoyaltyTier__c"),
        last_interaction: text("LastActivityDate").as_deref().and_then(timestamp::date_or_time),
        ..ProfileData::default()
    })))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_customer_id_stays_a_value() {
        let path = profile_path("C-1' OR Name LIKE '%").unwrap();
        assert_eq!(
            path,
            "/services/data/v60.0/query?q=SELECT%20Id%2C%20Name%2C%20LoyaltyTier__c%2C%20LastActivityDate%20FROM\
             %20Account%20WHERE%20CustomerNumber__c%3D%27C-1%5C%27%20OR%20Name%20LIKE%20%5C%27%25%27"
        );
    }

    #[test]
    fn an_account_becomes_a_profile() {
        let record = json!({"attributes": {"type": "Account"}, "Id": "001", "Name": "Ada Ltd",
            "LoyaltyTier__c": null, "LastActivityDate": "2026-11-20"});
        let read = |page: Value| read(&[page], "https://crm.example");
        let found = read(json!({"totalSize": 1, "done": true, "records": [record]})).unwrap();
        let Found::All(Some(data)) = found else { panic!("{found:?}") };
        assert_eq!(data.account_name.as_deref(), Some("Ada Ltd"));
        assert_eq!(data.loyalty_tier, None);
        assert_eq!(data.last_interaction, Some(1_795_132_800_000));
        assert_eq!(read(json!({"totalSize": 0, "done": true, "records": []})), Ok(Found::All(None)));
        assert!(read(json!({"records": [record, record]})).is_err());
        assert!(read(Value::Null).is_err());
    }
}
