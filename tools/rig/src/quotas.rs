//! What the outside systems allow during a run.

use std::collections::BTreeMap;

use trunkline_simulators::{SandboxSettings, System, quota};
use trunkline_verifier::judge::quota::Quota;

/// The rate, in deliveries a second, up to which the default quotas suffice; above it the outside systems grow along.
const COMFORTABLE_RATE: f64 = 200.0;

/// What the pipeline may call, and what I7 is judged by: Genesys' documented 300 calls a minute for each token, and 100
/// calls a second of each CRM; all grow with rates beyond what they suffice for.
pub fn granted(rate: f64) -> Vec<Quota> {
    let quota = |system: System, calls: f64, window_ms: f64| Quota {
        system: system.as_str().to_owned(),
        calls: (calls * growth(rate)) as usize,
        window_ms,
    };
    vec![
        quota(System::Genesys, 300.0, 60_000.0),
        quota(System::Salesforce, 100.0, 1_000.0),
        quota(System::Sap, 100.0, 1_000.0),
        quota(System::ServiceNow, 100.0, 1_000.0),
    ]
}

/// The limits that the outside systems enforce by themselves, which have other windows: a day, an hour.
pub fn enforced(rate: f64) -> BTreeMap<System, quota::Rule> {
    let mut rules = SandboxSettings::default().quotas;
    for rule in rules.values_mut() {
        rule.calls = (f64::from(rule.calls) * growth(rate)) as u32;
    }
    rules
}

/// How many times the comfortable rate this is.
fn growth(rate: f64) -> f64 {
    (rate / COMFORTABLE_RATE).max(1.0)
}
