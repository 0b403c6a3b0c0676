//! The loyalty programme of the company itself: no vendor's product, but a small service that answers over HTTP in
//! JSON, to whoever shows its key. It knows members by the ids that events name customers by: the contact of Genesys,
//! or the customer's own number.

use std::collections::HashMap;

use serde_json::json;

use crate::credentials::Credentials;
use crate::http::{Answer, Call};
use crate::quota::{Meter, Rule, Usage};
use crate::simulator::Simulator;
use trunkline_load::customers::Customer;
use trunkline_load::numbers::Population;

/// The simulated service.
pub struct Loyalty {
    keys: Vec<String>,
    meter: Option<Meter>,
    /// By number and by contact.
    members: HashMap<String, Member>,
}

/// What is kept of a member.
#[derive(Debug, Clone, Copy)]
struct Member {
    points: u32,
    segment: &'static str,
}

/// Whoever calls has one key.
const CREDENTIAL: &str = "trunkline-loyalty";

impl Loyalty {
    /// A service of which those customers are members who have a tier.
    #[must_use]
    pub fn new(credentials: &Credentials, quota: Option<Rule>, customers: Population) -> Self {
        let members = customers.all().filter_map(|(customer, _)| Some((Member::of(&customer)?, customer)));
        let ids = members.flat_map(|(member, Customer { id, contact_id, .. })| {
            [(id, member), (contact_id.to_string(), member)]
        });
        Self {
            keys: vec![credentials.loyalty_key.clone()],
            meter: quota.map(Meter::new),
            members: ids.collect(),
        }
    }

    fn member(&self, call: &Call) -> Answer {
        let segments = call.segments();
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (call.method.as_str(), path.as_slice()) {
            ("GET", ["v1", "members", id]) => match self.members.get(*id) {
                Some(Member { points, segment }) => {
                    let member = json!({"id": id, "points": points, "segment": segment});
                    Answer::json(200, &json!({"member": member}))
                }
                None => failure(404, "unknown_member", "nobody has this id"),
            }
            .about(format!("loyalty/member/{id}")),
            _ => failure(404, "not_found", "there is nothing here"),
        }
    }
}

impl Member {
    /// `None` of a customer without a tier.
    fn of(customer: &Customer) -> Option<Self> {
        customer.tier?;
        let segment = ["regular", "frequent", "returning"][customer.number as usize % 3];
        Some(Self { points: customer.number * 37 % 5_000, segment })
    }
}

fn failure(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({"error": {"code": code, "message": message}}))
}

impl Simulator for Loyalty {
    fn answer(&mut self, call: &Call, now_ms: i64) -> Answer {
        if !call.bearer().is_some_and(|key| self.keys.iter().any(|known| known == key)) {
            return failure(401, "unauthorized", "the key is missing or not known");
        }
        let verdict = self.meter.as_mut().map(|meter| meter.take(CREDENTIAL, now_ms));
        let answer = match verdict {
            Some(verdict) if !verdict.within => failure(429, "too_many_requests", "too many questions")
                .header("Retry-After", &verdict.reset_seconds().to_string()),
            _ => self.member(call),
        };
        answer.asked_by(CREDENTIAL)
    }

    fn broken(&mut self, _call: &Call, status: u16) -> Answer {
        let (code, message) = match status {
            503 => ("unavailable", "the service is being maintained"),
            403 => ("forbidden", "the key is not good for this"),
            _ => ("internal", "something went wrong"),
        };
        failure(status, code, message)
    }

    fn accept_secrets(&mut self, secrets: Vec<String>) {
        self.keys = secrets;
    }

    /// It gives out no tokens.
    fn revoke_tokens(&mut self) {}

    fn limit(&mut self, calls: Option<u32>) {
        if let Some(meter) = &mut self.meter {
            meter.limit(calls);
        }
    }

    fn quota(&self, now_ms: i64) -> Vec<Usage> {
        self.meter.as_ref().map(|meter| meter.usage(now_ms)).unwrap_or_default()
    }

    fn issued(&self) -> Vec<String> {
        Vec::new()
    }
}
