//! Writes of single records, by their external id.

use reqwest::Method;
use serde_json::Value;

use crate::encode;
use crate::request::Response;
use crate::writes::{Current, Implementation, Request};

/// Marks our changes in Salesforce's change events, so that they are not taken for news.
const CLIENT: (&str, &str) = ("Sforce-Call-Options", "client=trunkline");

pub(super) static OPERATIONS: &[Implementation] = &[Implementation {
    operation: "upsert",
    method: Method::PATCH,
    path: record_path,
    headers: &[CLIENT],
    created: was_created,
    read_path: fields_path,
    read: read_record,
}];

// The parameters were checked when the request was made, so that each is exactly one segment.
fn record_path(write: &Request) -> String {
    let [object, field, id] = ["object", "externalIdField", "externalId"].map(|name| write.segment(name));
    format!("/sobjects/{object}/{field}/{id}")
}

fn fields_path(write: &Request) -> String {
    let names: Vec<&str> = write.fields.keys().map(String::as_str).collect();
    format!("{}?{}", record_path(write), encode::query(&[("fields", &names.join(","))]))
}

fn read_record(write: &Request, record: &Value) -> Current {
    Current::of(write, |name| record.get(name))
}

// 201 for a new record, 200 or 204 for one that was there; newer versions say it in the body.
fn was_created(response: &Response) -> Option<bool> {
    let body = response.json();
    if body.get("success") == Some(&Value::Bool(false)) {
        return None;
    }
    Some(body.get("created").and_then(Value::as_bool).unwrap_or(response.status == 201))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

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
            assert_eq!(was_created(&response), expected, "{status} {body}");
        }
    }
}
