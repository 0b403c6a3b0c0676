//! I10: an open breaker lets nothing through but its probes.

use std::collections::HashMap;

use crate::evidence::{Call, Trouble};
use crate::report::Verdict;

/// Failures in a row that open a breaker, by default.
const FAILURES_IN_A_ROW: usize = 5;
/// The code under which the opening of a breaker is reported.
const OPENED: &str = "TL-4001";
const SYSTEMS: &[&str] = &["genesys", "cxone", "salesforce", "servicenow", "sap"];

/// One time that a breaker was open.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Target and endpoint class, as reported.
    pub subject: String,
    /// The system behind it.
    pub system: String,
    /// Which calls pass through this breaker.
    pub guards: fn(&Call) -> bool,
    /// When it opened; UTC milliseconds.
    pub from: f64,
    /// When its first probe may pass.
    pub until: f64,
}

/// Calls that were on their way when the breaker opened still arrive for this long; milliseconds.
pub const UNDER_WAY_MS: f64 = 100.0;

/// Finds the openings in what was reported on `pipeline.errors` as TL-4001.
///
/// # Errors
/// Says why they cannot be told from the calls of others: when two instances of one component have breakers of their
/// own, the audit log does not say through which of them a call came.
pub fn openings(troubles: &[Trouble], open_for_ms: f64) -> Result<Vec<Opening>, String> {
    let mut openings = Vec::new();
    let mut reporters: HashMap<&str, &str> = HashMap::new();
    // The same code also reports that a breaker closed again.
    let opened = |trouble: &&Trouble| trouble.code == OPENED && trouble.message.contains(" to open");
    for trouble in troubles.iter().filter(opened) {
        let reporter = *reporters.entry(&trouble.component).or_insert(&trouble.instance);
        if reporter != trouble.instance {
            return Err(format!(
                "{} and {} have breakers of their own, and the audit log does not tell their calls apart",
                reporter, trouble.instance
            ));
        }
        let Some(subject) = &trouble.subject else {
            return Err(format!("a {OPENED} on pipeline.errors does not say whose breaker it is"));
        };
        let Some(system) = SYSTEMS.iter().find(|system| subject.contains(*system)) else {
            return Err(format!("no known system is behind breaker '{subject}'"));
        };
        let from = trouble.occurred_at as f64;
        openings.push(Opening {
            subject: subject.clone(),
            system: (*system).to_owned(),
            guards: if trouble.component == "sink" { Call::is_write } else { is_lookup },
            from,
            until: from + open_for_ms,
        });
    }
    Ok(openings)
}

/// Finds in the calls themselves when a breaker must have been open: after so many failures in a row, of calls that pass
/// through one breaker. Holds for one instance of each component only.
pub fn openings_in_calls(calls: &[Call], open_for_ms: f64) -> Vec<Opening> {
    let mut ended: Vec<&Call> = calls.iter().filter(|call| !call.is_token_request()).collect();
    ended.sort_by(|one, other| end(one).total_cmp(&end(other)));
    let mut openings = Vec::new();
    for system in SYSTEMS {
        let of_system: Vec<&Call> = ended.iter().copied().filter(|call| call.system == *system).collect();
        openings.extend(openings_of(system, "lookups", is_lookup, &of_system, open_for_ms));
        openings.extend(openings_of(system, "writes", Call::is_write, &of_system, open_for_ms));
    }
    openings
}

fn openings_of(
    system: &str,
    class: &str,
    guards: fn(&Call) -> bool,
    ended: &[&Call],
    open_for_ms: f64,
) -> Vec<Opening> {
    let mut openings: Vec<Opening> = Vec::new();
    let mut in_a_row = 0;
    for call in ended.iter().filter(|call| guards(call)) {
        // What ends while it is open was under way, or is what is looked for; neither says more about it.
        if openings.last().is_some_and(|opening| end(call) <= opening.until) {
            continue;
        }
        in_a_row = if call.status >= 500 { in_a_row + 1 } else { 0 };
        if in_a_row == FAILURES_IN_A_ROW {
            in_a_row = 0;
            openings.push(Opening {
                subject: format!("{system} {class}, after {FAILURES_IN_A_ROW} failures in a row"),
                system: system.to_owned(),
                guards,
                from: end(call),
                until: end(call) + open_for_ms,
            });
        }
    }
    openings
}

fn end(call: &Call) -> f64 {
    call.finished_at.unwrap_or(call.started_at)
}

/// Lookups of customers; what reads a resource back before a write is another endpoint class.
fn is_lookup(call: &Call) -> bool {
    call.method.eq_ignore_ascii_case("GET")
        && !call.path.contains("/sobjects/")
        && !call.path.contains("/participants/")
}

/// Judges I10: no call of a guarded kind begins while the breaker is open.
pub fn judge(openings: &[Opening], calls: &[Call]) -> Verdict {
    let mut verdict = Verdict::new("I10");
    for opening in openings {
        verdict.count("breaker_openings", 1);
        let through = calls.iter().filter(|call| {
            call.system == opening.system
                && !call.is_token_request()
                && (opening.guards)(call)
                && call.started_at > opening.from + UNDER_WAY_MS
                && call.started_at < opening.until
        });
        for call in through {
            verdict.object(|| {
                format!(
                    "{}: the breaker opened at {:.0} and a {} {} came at {:.0}, before its first probe at {:.0}",
                    opening.subject, opening.from, call.method, call.path, call.started_at, opening.until
                )
            });
        }
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(system: &str, method: &str, path: &str, started_at: f64) -> Call {
        Call {
            system: system.into(),
            method: method.into(),
            path: path.into(),
            started_at,
            ..Default::default()
        }
    }

    #[track_caller]
    fn check(call: Call, violations: u64) {
        let opening = Opening {
            subject: "sap/lookup".into(),
            system: "sap".into(),
            guards: |call| call.method == "GET",
            from: 1_000.0,
            until: 6_000.0,
        };
        assert_eq!(judge(&[opening], &[call]).violations, violations);
    }

    #[test]
    fn a_call_through_an_open_breaker_is_seen() {
        check(call("sap", "GET", "/odata", 3_000.0), 1);
    }

    #[test]
    fn openings_are_read_from_the_reports() {
        let report = |component: &str, instance: &str, subject: Option<&str>| Trouble {
            code: "TL-4001".into(),
            component: component.into(),
            instance: instance.into(),
            subject: subject.map(Into::into),
            occurred_at: 1_000,
            message: "breaker of x went from closed to open".into(),
        };
        let found = openings(&[report("processor", "p-0", Some("sap/lookup"))], 5_000.0).unwrap();
        assert_eq!((found[0].system.as_str(), found[0].from, found[0].until), ("sap", 1_000.0, 6_000.0));
        assert!((found[0].guards)(&call("sap", "GET", "/odata", 0.0)));
        assert!(!(found[0].guards)(&call("salesforce", "GET", "/sobjects/Case/X/1", 0.0)));
        let found = openings(&[report("sink", "s-0", Some("genesys/write"))], 5_000.0).unwrap();
        assert!((found[0].guards)(&call("genesys", "PATCH", "/x", 0.0)));

        let closed =
            Trouble { message: "it went from half_open to closed".into(), ..report("sink", "s-1", None) };
        assert!(openings(&[closed], 1.0).unwrap().is_empty());
        assert!(openings(&[report("sink", "s-0", None)], 1.0).is_err());
        assert!(openings(&[report("sink", "s-0", Some("elsewhere"))], 1.0).is_err());
        assert!(
            openings(&[report("sink", "s-0", Some("sap")), report("sink", "s-1", Some("sap"))], 1.0).is_err()
        );
    }

    #[test]
    fn openings_are_seen_in_the_calls() {
        let failing =
            |at: f64| Call { status: 503, finished_at: Some(at + 10.0), ..call("sap", "GET", "/odata", at) };
        let fine =
            |at: f64| Call { status: 200, finished_at: Some(at + 10.0), ..call("sap", "GET", "/odata", at) };
        let found = |calls: &[Call]| openings_in_calls(calls, 5_000.0);
        let five: Vec<Call> = (0..5).map(|number| failing(f64::from(number) * 20.0)).collect();
        let opened = found(&five);
        assert_eq!((opened.len(), opened[0].from, opened[0].until), (1, 90.0, 5_090.0));
        assert!(found(&five[..4]).is_empty());
        assert!(found(&[&five[..4], &[fine(70.0)], &five[4..]].concat()).is_empty());
        // A client that goes on calling is caught.
        let calls = [five.as_slice(), &[failing(2_000.0)]].concat();
        assert_eq!(judge(&found(&calls), &calls).violations, 1);
        let calls = [five.as_slice(), &[failing(5_100.0)]].concat();
        assert_eq!(judge(&found(&calls), &calls).violations, 0);
    }

    #[test]
    fn calls_before_after_under_way_and_of_others_are_not() {
        check(call("sap", "GET", "/odata", 900.0), 0);
        check(call("sap", "GET", "/odata", 1_050.0), 0);
        check(call("sap", "GET", "/odata", 6_000.0), 0);
        check(call("genesys", "GET", "/x", 3_000.0), 0);
        check(call("sap", "PATCH", "/odata", 3_000.0), 0);
        check(call("sap", "POST", "/oauth/token", 3_000.0), 0);
    }
}
