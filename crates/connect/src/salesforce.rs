//! Salesforce: the account behind a customer number, and upserts by external id.

use std::collections::BTreeMap;
use std::time::Instant;

use reqwest::Method;
use serde_json::{Map, Value};
use trunkline_schemas::timestamp;

use crate::course::Repeat;
use crate::encode::{self, Unsafe};
use crate::error::{CallError, CallErrorKind};
use crate::lookup::{self, Error, Question};
use crate::outbound::{Outbound, Request, Response};
use crate::profile::ProfileData;
use crate::writes::{self, Applied, Current};

/// Queries.
pub const QUERY: &str = "query";
/// Reads of single records.
pub const READ: &str = "sobjects.read";
/// Writes of single records.
pub const WRITE: &str = "sobjects.write";

const API: &str = "/services/data/v60.0";
/// Marks our changes in Salesforce's change events, so that they are not taken for news.
const CLIENT: (&str, &str) = ("Sforce-Call-Options", "client=trunkline");

// === profiles ===

pub(crate) async fn profile(
    outbound: &Outbound,
    question: Question<'_>,
) -> Result<Option<ProfileData>, Error> {
    let body = lookup::get(outbound, QUERY, profile_path(question.customer_id)?, question).await?;
    read_profile(&body)
}

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let soql = format!(
        "SELECT Id, Name, LoyaltyTier__c, LastActivityDate FROM Account WHERE CustomerNumber__c={}",
        encode::soql_string(customer_id)?
    );
    Ok(format!("{API}/query?{}", encode::query(&[("q", &soql)])))
}

fn read_profile(body: &Value) -> Result<Option<ProfileData>, Error> {
    let unreadable = |what| Error::Unreadable { system: "salesforce", what };
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
        last_interaction: text("LastActivityDate").as_deref().and_then(timestamp::date_or_time),
        ..ProfileData::default()
    }))
}

// === writes ===

/// Creates or updates the record with this external id: doing it twice is the same as doing it once.
pub(crate) async fn upsert(
    outbound: &Outbound,
    write: &writes::Request,
    deadline: Instant,
) -> Result<Applied, CallError> {
    // Salesforce refuses a body that names the external id which the address already tells.
    let id_field = write.parameter("externalIdField");
    let fields: Map<String, Value> = write
        .fields
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case(id_field))
        .map(|(name, value)| (name.clone(), Value::String(value.clone())))
        .collect();
    let request = Request {
        method: Method::PATCH,
        path: record_path(write),
        headers: vec![(CLIENT.0, CLIENT.1.to_owned()), (writes::IDEMPOTENCY_KEY, write.command_id.clone())],
        body: Some(Value::Object(fields)),
        // Writing twice converges, but a first request that is only late could undo what came after it: whoever gets no
        // answer waits out its life and reads the resource back.
        repeat: Repeat::OnceAnswered,
        traceparent: write.traceparent.clone(),
    };
    let response = outbound.call(WRITE, &request, deadline).await?;
    read_upsert(&response).ok_or_else(|| CallError {
        kind: CallErrorKind::Rejected,
        target: outbound.target().name.clone(),
        status: Some(response.status),
        code: None,
        message: "answered that the upsert did not succeed".to_owned(),
        attempts: response.attempts,
        sent: true,
    })
}

/// Reads the fields that a write would change.
pub(crate) async fn current(
    outbound: &Outbound,
    write: &writes::Request,
    deadline: Instant,
) -> Result<Current, CallError> {
    let names: Vec<&str> = write.fields.keys().map(String::as_str).collect();
    let request = Request {
        method: Method::GET,
        path: format!("{}?{}", record_path(write), encode::query(&[("fields", &names.join(","))])),
        headers: Vec::new(),
        body: None,
        repeat: Repeat::Always,
        traceparent: write.traceparent.clone(),
    };
    match outbound.call(READ, &request, deadline).await {
        Ok(response) => Ok(read_record(&response.json(), &write.fields)),
        Err(error) if error.kind == CallErrorKind::NotFound => Ok(Current::default()),
        Err(error) => Err(error),
    }
}

// The parameters were checked when the request was made, so that each is exactly one segment.
fn record_path(write: &writes::Request) -> String {
    let [object, field, id] = ["object", "externalIdField", "externalId"].map(|name| write.segment(name));
    format!("{API}/sobjects/{object}/{field}/{id}")
}

fn read_record(record: &Value, wanted: &BTreeMap<String, String>) -> Current {
    let fields = wanted.keys().map(|name| (name.clone(), record.get(name).cloned().unwrap_or(Value::Null)));
    Current { exists: true, fields: fields.collect() }
}

// 201 for a new record, 200 or 204 for one that was there; newer versions say it in the body.
fn read_upsert(response: &Response) -> Option<Applied> {
    let body = response.json();
    if body.get("success") == Some(&Value::Bool(false)) {
        return None;
    }
    let created = body.get("created").and_then(Value::as_bool).unwrap_or(response.status == 201);
    Some(Applied { status: response.status, attempts: response.attempts, created })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;
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

    #[test]
    fn upserts_tell_whether_the_record_is_new() {
        for (status, body, expected) in [
            (201, r#"{"id":"1","success":true,"errors":[]}"#, Some(true)),
            (201, r#"{"id":"1","success":true,"created":true}"#, Some(true)),
            (200, r#"{"id":"1","success":true,"created":false}"#, Some(false)),
            (204, "", Some(false)),
            (200, r#"{"success":false,"errors":[{}]}"#, None),
        ] {
            let response =
                Response { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec(), attempts: 1 };
            assert_eq!(read_upsert(&response).map(|applied| applied.created), expected, "{status} {body}");
        }
    }
}
