//! The account behind a customer number.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_schemas::timestamp;
use trunkline_systems::System;

use super::API;
use crate::encode::{self, Unsafe};
use crate::lookup::{self, Error, Question};
use crate::outbound::Outbound;

/// The customer's account; `None` when no account has the customer's number.
pub(super) fn look_up<'a>(
    outbound: &'a Outbound,
    question: Question<'a>,
) -> BoxFuture<'a, Result<Option<ProfileData>, Error>> {
    async move {
        let body = lookup::get(outbound, profile_path(question.customer_id)?, question).await?;
        read_profile(&body)
    }
    .boxed()
}

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let soql = format!(
        "SELECT Id, Name, LoyaltyTier__c, LastActivityDate FROM Account WHERE CustomerNumber__c={}",
        encode::soql_string(customer_id)?
    );
    Ok(format!("{API}/query?{}", encode::query(&[("q", &soql)])))
}

fn read_profile(body: &Value) -> Result<Option<ProfileData>, Error> {
    let unreadable = |what| Error::Unreadable { system: System::Salesforce, what };
    let records = body.get("records").and_then(Value::as_array).ok_or_else(|| unreadable("no records"))?;
    let record = match records.as_slice() {
        [] => return Ok(None),
        [record] => record,
        _ => return Err(unreadable("several accounts have this customer number")),
    };
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Some(ProfileData {
        account_name: text("Name"),
        loyalty_tier: text("LoyaltyTier__c"),
        last_interaction: text("LastActivityDate").as_deref().and_then(timestamp::parse_date_or_time),
        ..ProfileData::default()
    }))
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
        let data =
            read_profile(&json!({"totalSize": 1, "done": true, "records": [record]})).unwrap().unwrap();
        assert_eq!(data.account_name.as_deref(), Some("Ada Ltd"));
        assert_eq!(data.loyalty_tier, None);
        assert_eq!(data.last_interaction, Some(1_795_132_800_000));
        assert_eq!(read_profile(&json!({"totalSize": 0, "done": true, "records": []})).unwrap(), None);
        assert!(read_profile(&json!({"records": [record, record]})).is_err());
        assert!(read_profile(&Value::Null).is_err());
    }
}
