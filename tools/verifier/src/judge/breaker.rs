//! I10: an open breaker lets nothing through but its probes.

use crate::evidence::{Call, Trouble};
use crate::judge::systems::SYSTEMS;
use crate::report::{Verdict, counted};

/// Failures in a row that open a breaker, by default.
const FAILURES_IN_A_ROW: usize = 5;
/// The code under which the opening of a breaker is reported.
const OPENED: &str = "TL-4001";

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

/// Calls that pass through the same breaker, as far as the audit log can tell.
#[derive(Debug, Clone, Copy)]
pub struct Class {
    /// What reports call it.
    pub name: &'static str,
    /// The component that makes these calls.
    pub component: &'static str,
    /// Which calls they are.
    pub guards: fn(&Call) -> bool,
}

/// What the processor asks the CRMs about customers.
pub const LOOKUPS: Class = Class { name: "lookups", component: "processor", guards: is_lookup };
/// What the sink writes.
pub const WRITES: Class = Class { name: "writes", component: "sink", guards: Call::is_write };

/// Calls that were on their way when the breaker opened still arrive for this long; milliseconds.
pub const UNDER_WAY_MS: f64 = 500.0;

/// Finds the openings in what was reported on `pipeline.errors` as TL-4001, for these classes of calls.
pub fn openings_reported(troubles: &[Trouble], classes: &[Class], open_for_ms: f64) -> Vec<Opening> {
    // The same code also reports that a breaker closed again.
    let opened = |trouble: &&Trouble| trouble.code == OPENED && trouble.message.contains(" to open");
    let opening = |trouble: &Trouble| {
        let class = classes.iter().find(|class| class.component == trouble.component)?;
        let subject = trouble.subject.clone()?;
        let system = SYSTEMS.iter().map(|system| system.name).find(|system| subject.contains(system))?;
        let from = trouble.occurred_at as f64;
        let until = from + open_for_ms;
        Some(Opening { subject, system: system.to_owned(), guards: class.guards, from, until })
    };
    troubles.iter().filter(opened).filter_map(opening).collect()
}

/// Finds in the calls themselves when a breaker must have been open: after so many failures in a row, of
/// calls that pass through one breaker. Holds for one instance of each component only.
pub fn openings_in_calls(calls: &[Call], classes: &[Class], open_for_ms: f64) -> Vec<Opening> {
    let mut ended: Vec<&Call> = calls.iter().filter(|call| !call.is_token_request()).collect();
    ended.sort_by(|one, other| end(one).total_cmp(&end(other)));
    let mut openings = Vec::new();
    for system in SYSTEMS.iter().map(|system| system.name) {
        let of_system: Vec<&Call> = ended.iter().copied().filter(|call| call.system == system).collect();
        for class in classes {
            openings.extend(openings_of(system, class, &of_system, open_for_ms));
        }
    }
    openings
}

fn openings_of(system: &str, class: &Class, ended: &[&Call], open_for_ms: f64) -> Vec<Opening> {
    let mut openings: Vec<Opening> = Vec::new();
    let mut in_a_row = 0;
    for call in ended.iter().filter(|call| (class.guards)(call)) {
        // What ends while it is open was under way, or is what is looked for; neither says more about it.
        if openings.last().is_some_and(|opening| end(call) <= opening.until) {
            continue;
        }
        in_a_row = if call.status >= 500 { in_a_row + 1 } else { 0 };
        if in_a_row == FAILURES_IN_A_ROW {
            in_a_row = 0;
            openings.push(Opening {
                subject: format!("{system} {}, after {FAILURES_IN_A_ROW} failures in a row", class.name),
                system: system.to_owned(),
                guards: class.guards,
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
            verdict.object("let-through", || {
                format!(
                    "{}: the breaker opened at {:.0} and a {} {} came at {:.0}, before its first probe at {:.0}",
                    opening.subject, opening.from, call.method, call.path, call.started_at, opening.until
                )
            });
        }
    }
    let (openings, calls) = (openings.len() as u64, calls.len() as u64);
    verdict.having_compared(format!(
        "{} while breakers were open {}",
        counted(calls, "call"),
        match openings {
            1 => "once".to_owned(),
            times => format!("{times} times"),
        }
    ))
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
        assert_eq!(judge(&[opening], &[call]).violations(), violations);
    }

    #[test]
    fn a_call_through_an_open_breaker_is_seen() {
        check(call("sap", "GET", "/odata", 3_000.0), 1);
    }

    #[test]
    fn openings_are_read_from_the_reports() {
        let report = |component: &str, subject: Option<&str>| Trouble {
            code: "TL-4001".into(),
            component: component.into(),
            instance: "only-0".into(),
            subject: subject.map(Into::into),
            occurred_at: 1_000,
            message: "breaker of x went from closed to open".into(),
            ..Default::default()
        };
        let found = |report: Trouble| openings_reported(&[report], &[LOOKUPS, WRITES], 5_000.0);
        let lookups = &found(report("processor", Some("sap/lookup")))[0];
        assert_eq!((lookups.system.as_str(), lookups.from, lookups.until), ("sap", 1_000.0, 6_000.0));
        assert!((lookups.guards)(&call("sap", "GET", "/odata", 0.0)));
        assert!(!(lookups.guards)(&call("salesforce", "GET", "/sobjects/Case/X/1", 0.0)));
        let writes = &found(report("sink", Some("genesys/write")))[0];
        assert!((writes.guards)(&call("genesys", "PATCH", "/x", 0.0)));

        let closed =
            Trouble { message: "it went from half_open to closed".into(), ..report("sink", Some("sap")) };
        assert!(found(closed).is_empty());
        assert!(found(report("sink", None)).is_empty());
        assert!(found(report("sink", Some("elsewhere"))).is_empty());
        assert!(openings_reported(&[report("sink", Some("sap"))], &[LOOKUPS], 1.0).is_empty());
    }

    #[test]
    fn openings_are_seen_in_the_calls() {
        let failing =
            |at: f64| Call { status: 503, finished_at: Some(at + 10.0), ..call("sap", "GET", "/odata", at) };
        let fine =
            |at: f64| Call { status: 200, finished_at: Some(at + 10.0), ..call("sap", "GET", "/odata", at) };
        let found = |calls: &[Call]| openings_in_calls(calls, &[LOOKUPS], 5_000.0);
        let five: Vec<Call> = (0..5).map(|number| failing(f64::from(number) * 20.0)).collect();
        let opened = found(&five);
        assert_eq!((opened.len(), opened[0].from, opened[0].until), (1, 90.0, 5_090.0));
        assert!(found(&five[..4]).is_empty());
        assert!(found(&[&five[..4], &[fine(70.0)], &five[4..]].concat()).is_empty());
        // A client that goes on calling is caught.
        let calls = [five.as_slice(), &[failing(2_000.0)]].concat();
        assert_eq!(judge(&found(&calls), &calls).violations(), 1);
        let calls = [five.as_slice(), &[failing(5_100.0)]].concat();
        assert_eq!(judge(&found(&calls), &calls).violations(), 0);
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
