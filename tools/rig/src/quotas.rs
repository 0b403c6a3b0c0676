//! What the outside systems allow during a run.

use std::collections::BTreeMap;

use trunkline_simulators::{SandboxSettings, System, quota};
use trunkline_verifier::judge::quota::Quota;

/// The rate, in deliveries a second, up to which the default quotas suffice; above it the outside systems grow along.
const COMFORTABLE_RATE: f64 = 200.0;

/// Genesys' documented calls a minute for each token.
const GENESYS_DOCUMENTED: f64 = 300.0;
/// Further calls a minute: one look at the external contact for each customer whose profile is fetched. At the
/// comfortable rate not more than 1,700 customers come in a minute, as a conversation tells of at least seven things
/// that happen, and 1 in 30 contacts was merged and needs another look. (An organisation of that size asks the vendor
/// for more than the documented calls.)
const GENESYS_CONTACTS: f64 = 1_800.0;

/// What the pipeline may call, and what I7 is judged by: Genesys' documented 300 calls a minute for each token and what
/// looking up contacts takes, and 100 calls a second of each CRM; all grow with rates beyond what they suffice for.
pub fn granted(rate: f64) -> Vec<Quota> {
    let quota = |system: System, calls: f64, window_ms: f64| Quota {
        system: system.as_str().to_owned(),
        calls: (calls * growth(rate)) as usize,
        window_ms,
    };
    vec![
        quota(System::Genesys, GENESYS_DOCUMENTED + GENESYS_CONTACTS, 60_000.0),
        quota(System::Salesforce, 100.0, 1_000.0),
        quota(System::Sap, 100.0, 1_000.0),
        quota(System::ServiceNow, 100.0, 1_000.0),
    ]
}

/// The limits that the outside systems enforce by themselves, which have other windows: a day, an hour.
pub fn enforced(rate: f64) -> BTreeMap<System, quota::Rule> {
    let mut rules = SandboxSettings::default().quotas;
    for (system, rule) in &mut rules {
        let has_contacts = system.as_str() == "genesys";
        let contacts = if has_contacts { GENESYS_CONTACTS } else { 0.0 };
        rule.calls = ((f64::from(rule.calls) + contacts) * growth(rate)) as u32;
    }
    rules
}

/// How many times the comfortable rate this is.
fn growth(rate: f64) -> f64 {
    (rate / COMFORTABLE_RATE).max(1.0)
}
