//! Faults that a system can be told to have, at start or while it runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::http::{Call, Door};
use crate::percent;

/// How a system misbehaves. The default is that it does not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct FaultProfile {
    /// Milliseconds added to every answer.
    pub latency_ms: u64,
    /// Milliseconds added to answers about one customer, by the customer's id, for instance
    /// `{"C-000020": 2000}`. A request is about a customer when its path, query or body holds the id as a
    /// word of its own.
    pub slow_customers: BTreeMap<String, u64>,
    /// Share of requests (0 to 1) answered with a server error and no effect.
    pub error_rate: f64,
    /// Share of requests (0 to 1) that take effect but whose answer is withheld until the caller has given up.
    pub hang_rate: f64,
    /// True: everything is answered 503, in the system's own shape.
    pub down: bool,
    /// Beginnings of the API's paths that the callers lack the permission for, for instance
    /// `["/api/v2/externalcontacts"]`: such requests are answered 403, in the system's own shape and without effect.
    pub forbidden: Vec<String>,
    /// What the callers may not see, as `OBJECT` or `OBJECT.FIELD`, for instance `["Account.LoyaltyTier__c"]`, in the
    /// system's own way; only of systems that hide anything (see [`System::hides`](crate::System::hides)).
    pub hidden: Vec<String>,
    /// Calls that a quota window allows from now on, instead of the configured number.
    pub rate_limit: Option<u32>,
    /// True: every token and session given out so far is invalid. Takes effect once, when set.
    pub revoke_tokens: bool,
}

// === impl FaultProfile ===

impl FaultProfile {
    /// Whether the callers lack the permission for this request; everybody may ask for a token.
    pub(crate) fn forbids(&self, call: &Call) -> bool {
        call.door == Door::Api && self.forbidden.iter().any(|beginning| call.path().starts_with(beginning))
    }

    /// Milliseconds added to the answer to this request; of several slow customers the slowest counts.
    pub(crate) fn added_ms(&self, call: &Call) -> u64 {
        if self.slow_customers.is_empty() {
            return self.latency_ms;
        }
        let texts = [percent::decode(&call.target), String::from_utf8_lossy(&call.body).into_owned()];
        let words =
            texts.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_'));
        let slowest = words.filter_map(|word| self.slow_customers.get(word)).max();
        self.latency_ms + slowest.copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_answers_about_a_slow_customer_take_longer() {
        let fault: FaultProfile =
            serde_json::from_value(json!({"latencyMs": 5, "slowCustomers": {"C-000020": 2000, "C-7": 300}}))
                .unwrap();
        for (target, body, added) in [
            (
                "/services/data/v60.0/query?q=SELECT%20Id%20WHERE%20CustomerNumber__c%3D%27C-000020%27",
                "",
                2_005,
            ),
            (
                "/api/now/stats/incident?sysparm_query=active%3Dtrue%5Ecorrelation_display%3DC-000020",
                "",
                2_005,
            ),
            ("/sobjects/Account/CustomerNumber__c/C-7", "", 305),
            ("/sobjects/Account/CustomerNumber__c/C-70", "", 5),
            ("/query?q=%27C-000021%27", "", 5),
            ("/query", r#"{"customers":["C-7","C-000020"]}"#, 2_005),
            ("/query", "", 5),
        ] {
            let call = Call::new("GET", target).with_body("application/json", body.as_bytes());
            assert_eq!(fault.added_ms(&call), added, "{target} {body}");
        }
    }
}
