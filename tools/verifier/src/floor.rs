//! The least evidence that a verdict needs. What is not there cannot hold: a topic of the catalog that does
//! not exist, a topic without a record, an empty ledger or audit log, no state store, clocks that cannot be
//! compared.

use crate::evidence::{Evidence, Normalized};

/// Topics that every deployment has (the catalog of ARCHITECTURE.md), without their prefix.
pub const CATALOG: &[&str] = &[
    "events.normalized",
    "events.enriched",
    "routing.decisions",
    "customer.profiles",
    "crm.changes",
    "writebacks.genesys",
    "writebacks.cxone",
    "writebacks.salesforce",
    "writebacks.sap",
    "writebacks.servicenow",
    "writeback.results",
    "writeback.dlq",
    "processor.dlq",
    "quarantine",
    "schema.drift",
    "pipeline.errors",
    "processor.changelog",
    "sink.state",
    "quota",
];

/// How far the times in an audit log or a ledger may lie outside those of the events, in milliseconds: an
/// hour. Beyond it they are of another run, or of a clock that is wrong.
const CLOCKS_COMPARABLE_MS: f64 = 3_600_000.0;

/// Why nothing can be said, where something is missing of these topics.
///
/// # Errors
/// The first of them that is missing.
pub fn topics(evidence: &Evidence, needed: &[&str]) -> Result<(), String> {
    match needed.iter().find(|topic| !evidence.topics.contains(**topic)) {
        Some(missing) => Err(format!("there is no topic {missing} under this prefix")),
        None => Ok(()),
    }
}

/// The same, where moreover the events before and after the processor must have been there.
///
/// # Errors
/// What is missing, or that the topic before the processor is empty.
pub fn events(evidence: &Evidence) -> Result<(), String> {
    topics(evidence, &["events.normalized", "events.enriched"])?;
    if evidence.normalized.is_empty() {
        return Err("events.normalized holds no record".to_owned());
    }
    Ok(())
}

/// Why the ledger cannot be used.
///
/// # Errors
/// What is wrong with it.
pub fn ledger(evidence: &Evidence) -> Result<(), String> {
    let Some(ledger) = &evidence.ledger else {
        return Err("no ledger of what was posted was given".to_owned());
    };
    if ledger.is_empty() {
        return Err("the ledger is empty".to_owned());
    }
    if !ledger.iter().any(|line| line.status.is_some_and(|status| status > 0)) {
        return Err("nothing in the ledger was ever answered".to_owned());
    }
    comparable(evidence, "ledger", ledger.iter().map(|line| line.posted_at).filter(|at| *at > 0.0))
}

/// Why the audit logs cannot be used.
///
/// # Errors
/// What is wrong with them.
pub fn audit(evidence: &Evidence) -> Result<(), String> {
    let Some(calls) = &evidence.calls else { return Err("no audit log was given".to_owned()) };
    if calls.is_empty() {
        return Err("the audit logs hold no call".to_owned());
    }
    comparable(evidence, "audit log", calls.iter().map(|call| call.started_at))
}

/// Why state cannot be judged.
///
/// # Errors
/// What is missing.
pub fn state(evidence: &Evidence) -> Result<(), String> {
    topics(evidence, &["processor.changelog"])?;
    match &evidence.copies {
        None => Err("no state folder was given".to_owned()),
        Some(copies) if copies.is_empty() => {
            Err("there is no state store below the folders given".to_owned())
        }
        Some(copies) if copies.iter().all(|copy| copy.entries.is_empty()) => {
            Err("the state stores below the folders given hold nothing".to_owned())
        }
        Some(_) if evidence.changelogs.values().all(|changelog| changelog.records.is_empty()) => {
            Err("processor.changelog holds no record".to_owned())
        }
        Some(_) => Ok(()),
    }
}

fn comparable(evidence: &Evidence, what: &str, times: impl Iterator<Item = f64>) -> Result<(), String> {
    let span = |times: &mut dyn Iterator<Item = f64>| {
        times.fold(None, |span: Option<(f64, f64)>, at| {
            Some(span.map_or((at, at), |(low, high)| (low.min(at), high.max(at))))
        })
    };
    // By the brokers' clock, where they keep the time of a record: that of an ingest may be wrong, and be judged so.
    let taken_in = |event: &Normalized| if event.timestamp > 0 { event.timestamp } else { event.ingest_time };
    let events = span(&mut evidence.normalized.iter().map(|event| taken_in(event) as f64));
    let (Some((first, last)), Some((low, high))) =
        (events, span(&mut Box::new(times) as &mut dyn Iterator<Item = f64>))
    else {
        return Ok(());
    };
    if high < first - CLOCKS_COMPARABLE_MS || low > last + CLOCKS_COMPARABLE_MS {
        return Err(format!(
            "the times of the {what} ({low:.0} to {high:.0}) cannot be compared with those of the events ({first:.0} to {last:.0})"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::evidence::state::Change;
    use crate::evidence::{Call, Changelog, LedgerLine, StateCopy};

    fn evidence() -> Evidence {
        let changelog = Changelog { records: vec![Change::default()] };
        Evidence {
            topics: CATALOG.iter().map(|topic| (*topic).to_owned()).collect(),
            normalized: vec![Normalized { ingest_time: 1_000_000_000, ..Default::default() }],
            ledger: Some(vec![LedgerLine {
                posted_at: 1_000_000_000.0,
                status: Some(202),
                ..Default::default()
            }]),
            calls: Some(vec![Call { started_at: 1_000_000_000.0, ..Default::default() }]),
            copies: Some(vec![StateCopy {
                entries: BTreeMap::from([(vec![1], [0; 16])]),
                ..StateCopy::default()
            }]),
            changelogs: BTreeMap::from([(0, changelog)]),
            ..Evidence::default()
        }
    }

    #[test]
    fn evidence_that_is_there_will_do() {
        let given = evidence();
        assert_eq!(
            [events(&given), ledger(&given), audit(&given), state(&given)],
            [Ok(()), Ok(()), Ok(()), Ok(())]
        );
    }

    #[test]
    fn what_is_missing_or_empty_will_not() {
        type Take = (fn(&mut Evidence), fn(&Evidence) -> Result<(), String>);
        let takes: [Take; 10] = [
            (|evidence| evidence.topics = BTreeSet::new(), events),
            (|evidence| evidence.normalized.clear(), events),
            (|evidence| evidence.ledger = None, ledger),
            (|evidence| evidence.ledger = Some(Vec::new()), ledger),
            (|evidence| evidence.calls = None, audit),
            (|evidence| evidence.calls = Some(Vec::new()), audit),
            (|evidence| evidence.copies = None, state),
            (|evidence| evidence.copies = Some(Vec::new()), state),
            (|evidence| evidence.changelogs.clear(), state),
            (
                |evidence| {
                    evidence.topics.remove("processor.changelog");
                },
                state,
            ),
        ];
        for (number, (take, floor)) in takes.into_iter().enumerate() {
            let mut given = evidence();
            take(&mut given);
            assert!(floor(&given).is_err(), "take {number}");
        }
    }

    #[test]
    fn clocks_that_are_days_apart_cannot_be_compared() {
        let mut given = evidence();
        given.calls = Some(vec![Call { started_at: 1.0, ..Default::default() }]);
        assert!(audit(&given).unwrap_err().contains("cannot be compared"));
        given.ledger = Some(vec![LedgerLine { posted_at: 9e12, status: Some(202), ..Default::default() }]);
        assert!(ledger(&given).unwrap_err().contains("cannot be compared"));
    }

    #[test]
    fn a_wrong_clock_of_ingest_hinders_no_comparison_where_the_brokers_say_the_time() {
        let mut given = evidence();
        given.normalized[0].timestamp = given.normalized[0].ingest_time;
        given.normalized[0].ingest_time -= 40 * 24 * 3_600_000;
        assert_eq!([ledger(&given), audit(&given)], [Ok(()), Ok(())]);
        given.normalized[0].timestamp = 0;
        assert!(ledger(&given).is_err() && audit(&given).is_err());
    }
}
