//! I7: calls to a target never exceed its quota, across all instances and roles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::evidence::Call;
use crate::judge::systems::system;
use crate::report::{Verdict, counted};

/// How many calls a system allows in any window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    /// The system.
    pub system: String,
    /// Calls allowed.
    pub calls: usize,
    /// Length of the window; milliseconds.
    pub window_ms: f64,
}

/// Judges I7 by a rolling window per system and credential. Token requests have limits of their own.
pub fn judge(calls: &[Call], quotas: &[Quota]) -> Verdict {
    let mut verdict = Verdict::new("I7");
    for call in calls {
        verdict.count(format!("calls.{}", call.system), 1);
        if is_limited(call) {
            verdict.count("calls_limited", 1);
        }
    }
    for quota in quotas {
        let mut starts: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for call in calls.iter().filter(|call| call.system == quota.system && !call.is_token_request()) {
            starts.entry(call.credential.as_deref().unwrap_or("")).or_default().push(call.started_at);
        }
        for (credential, starts) in starts {
            judge_window(quota, credential, starts, &mut verdict);
        }
    }
    let (calls, quotas) = (calls.len() as u64, quotas.len() as u64);
    verdict.having_compared(format!("{} with {}", counted(calls, "call"), counted(quotas, "quota")))
}

fn judge_window(quota: &Quota, credential: &str, mut starts: Vec<f64>, verdict: &mut Verdict) {
    starts.sort_by(f64::total_cmp);
    let mut oldest = 0;
    let mut over = false;
    for (newest, &start) in starts.iter().enumerate() {
        while starts[oldest] <= start - quota.window_ms {
            oldest += 1;
        }
        let within = newest - oldest + 1;
        // One breach per burst, told when it begins.
        if within > quota.calls && !over {
            verdict.object("exceeded", || {
                format!(
                    "{} (credential {credential}): {within} calls in the {} ms up to {start:.0}, allowed are {}",
                    quota.system, quota.window_ms, quota.calls
                )
            });
        }
        over = within > quota.calls;
    }
}

/// True for an answer that says the limit is used up: 429, or Salesforce's 403 with its code.
fn is_limited(call: &Call) -> bool {
    system(&call.system).map_or(call.status == 429, |system| (system.is_limit)(call.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(system: &str, credential: &str, started_at: f64) -> Call {
        Call {
            system: system.into(),
            method: "GET".into(),
            path: "/x".into(),
            credential: Some(credential.into()),
            started_at,
            status: 200,
            ..Default::default()
        }
    }

    #[track_caller]
    fn check(calls: &[Call], violations: u64) -> Verdict {
        let quota = Quota { system: "sap".into(), calls: 2, window_ms: 100.0 };
        let verdict = judge(calls, &[quota]);
        assert_eq!(verdict.violations(), violations, "{:?}", verdict.examples());
        verdict
    }

    #[test]
    fn within_the_quota() {
        check(
            &[
                call("sap", "a", 0.0),
                call("sap", "a", 50.0),
                call("sap", "a", 100.0),
                call("sap", "a", 150.0),
            ],
            0,
        );
    }

    #[test]
    fn a_burst_across_fixed_windows_is_seen_once() {
        let burst = [90.0, 95.0, 105.0, 110.0].map(|at| call("sap", "a", at));
        check(&burst, 1);
    }

    #[test]
    fn two_bursts_are_two_violations() {
        let bursts = [0.0, 1.0, 2.0, 500.0, 501.0, 502.0].map(|at| call("sap", "a", at));
        check(&bursts, 2);
    }

    #[test]
    fn credentials_and_systems_have_their_own() {
        check(
            &[call("sap", "a", 0.0), call("sap", "a", 1.0), call("sap", "b", 2.0), call("genesys", "a", 3.0)],
            0,
        );
    }

    #[test]
    fn answers_that_say_limited_are_counted() {
        let limited = |system: &str, status| Call { status, ..call(system, "a", 0.0) };
        let calls = [limited("genesys", 429), limited("salesforce", 403), limited("cxone", 403)];
        assert_eq!(check(&calls, 0).counts["calls_limited"], 2);
    }
}
