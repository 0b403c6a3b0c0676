//! How many tickets of a customer are open.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;
use trunkline_profiles::ProfileData;
use trunkline_systems::System;

use crate::encode::{self, Unsafe};
use crate::error::CallErrorKind;
use crate::lookup::{self, Error, Question};
use crate::outbound::Outbound;

/// The customer's open tickets. None open is an answer, not the lack of one: ServiceNow keeps tickets, not customers.
pub(super) fn look_up<'a>(
    outbound: &'a Outbound,
    question: Question<'a>,
) -> BoxFuture<'a, Result<Option<ProfileData>, Error>> {
    async move {
        let path = profile_path(question.customer_id)?;
        let open_tickets = match lookup::get(outbound, path, question).await {
            Ok(body) => read_count(&body)?,
            // Version 1 of its interfaces says "nothing found" so.
            Err(Error::Call(error)) if error.kind == CallErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Some(ProfileData { open_tickets: Some(open_tickets), ..ProfileData::default() }))
    }
    .boxed()
}

fn profile_path(customer_id: &str) -> Result<String, Unsafe> {
    let query = format!("active=true^correlation_display={}", encode::servicenow_value(customer_id)?);
    let pairs = [("sysparm_query", query.as_str()), ("sysparm_count", "true")];
    Ok(format!("/api/now/stats/incident?{}", encode::query(&pairs)))
}

/// Numbers are text.
fn read_count(body: &Value) -> Result<i32, Error> {
    let count = body.pointer("/result/stats/count").and_then(|count| match count {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_i64().and_then(|number| i32::try_from(number).ok()),
    });
    count.ok_or(Error::Unreadable { system: System::ServiceNow, what: "no count" })
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
        assert_eq!(read_count(&json!({"result": {"stats": {"count": "12"}}})).unwrap(), 12);
        assert_eq!(read_count(&json!({"result": {"stats": {"count": 0}}})).unwrap(), 0);
        for broken in [json!({"result": []}), json!({"result": {"stats": {"count": "many"}}}), Value::Null] {
            assert!(read_count(&broken).is_err(), "{broken}");
        }
    }
}
