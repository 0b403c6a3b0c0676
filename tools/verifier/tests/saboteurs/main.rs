//! The judge is put to the test: runs of a pipeline that does everything right are made from seeds, and must
//! pass; then the evidence of each is forged in one way at a time, and every forgery must be refused by the
//! invariant that it breaks.
//!
//! - [`dice`]: everything random, from a seed
//! - [`play`]: what happens, how it arrives, and in which order a pipeline that does everything right lets it out
//! - [`records`]: the same as records of the topics, taken in by the code that takes in real ones
//! - [`outside`]: the ledger, the audit logs, the state stores of such a run
//! - [`forgeries`]: one change of the evidence each, with the invariant that must object

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that goes wrong")]

mod dice;
mod forgeries;
mod outside;
mod play;
mod records;

use std::collections::BTreeMap;

use trunkline_verifier::evidence::Evidence;
use trunkline_verifier::examine::examine;
use trunkline_verifier::judge::quota::Quota;
use trunkline_verifier::{Breakers, Conclusion, Inputs, SecretToFind};

use dice::Dice;
use forgeries::FORGERIES;

/// Runs that must pass.
const CLEAN_RUNS: u64 = 1000;
/// Runs that are forged, each in every way.
const FORGED_RUNS: u64 = 25;

/// One run and what is known of it.
struct Run {
    evidence: Evidence,
    inputs: Inputs,
}

fn run(seed: u64) -> Run {
    let mut dice = Dice::new(seed);
    let configuration = records::configuration();
    let played = play::play(&mut dice);
    let mut evidence = records::taken_in(&played, &configuration);
    outside::add(&played, &mut evidence, &mut dice);
    let quota = |system: &str| Quota { system: system.to_owned(), calls: 50, window_ms: 1_000.0 };
    let inputs = Inputs {
        configuration: Some(configuration),
        secrets: vec![SecretToFind { name: "token".into(), value: "a-secret-token".into() }],
        logs: vec!["sink.log".into()],
        stopped_cleanly: true,
        quotas: ["genesys", "salesforce", "sap", "servicenow"].map(quota).to_vec(),
        breakers: Some(Breakers { open_for_ms: 5_000.0, lookups_by_one: true, writes_by_one: true }),
        ..Inputs::default()
    };
    Run { evidence, inputs }
}

#[test]
fn runs_that_do_everything_right_pass() {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..CLEAN_RUNS {
        let Run { evidence, inputs } = run(seed);
        let report = examine(&evidence, &inputs);
        assert_eq!(
            report.conclusion(),
            Conclusion::Holds,
            "seed {seed}: {:#?} {:#?}",
            report.violations,
            report.not_judged
        );
        for (name, times) in report.counts {
            *seen.entry(name).or_default() += times;
        }
    }
    // Runs in which nothing interesting happens would prove nothing.
    for interesting in [
        "late",
        "late_explained",
        "gaps",
        "put_in_order",
        "duplicates_suppressed",
        "dedup_unknown",
        "breaker_openings",
    ] {
        assert!(seen[interesting] > 0, "{interesting}: {seen:#?}");
    }
}

#[test]
fn every_forgery_is_refused_by_the_invariant_that_it_breaks() {
    assert!(FORGERIES.len() >= 40, "{}", FORGERIES.len());
    let mut tried: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..FORGED_RUNS {
        for forgery in FORGERIES {
            let Run { mut evidence, inputs } = run(seed);
            // A forgery needs something to be forged; not every run has a decision with a priority.
            if (forgery.forge)(&mut evidence, &mut Dice::new(seed)).is_none() {
                continue;
            }
            *tried.entry(forgery.name).or_default() += 1;
            let report = examine(&evidence, &inputs);
            assert!(
                report.violation_counts.contains_key(forgery.breaks),
                "seed {seed}: '{}' must be refused by {}, but that objects to nothing; violated: {:?}",
                forgery.name,
                forgery.breaks,
                report.violation_counts
            );
            assert_eq!(report.conclusion(), Conclusion::Violated);
        }
    }
    for forgery in FORGERIES {
        assert!(
            tried.get(forgery.name).is_some_and(|times| *times > 0),
            "'{}' was never tried",
            forgery.name
        );
    }
}

#[test]
fn evidence_that_is_taken_away_is_missed() {
    type Take = (&'static str, fn(&mut Evidence), &'static str);
    let takes: [Take; 9] = [
        ("all topics", |evidence| *evidence = Evidence::default(), "I2"),
        ("the ledger's lines", |evidence| evidence.ledger = Some(Vec::new()), "I1"),
        ("the ledger", |evidence| evidence.ledger = None, "answers"),
        ("the audit log's calls", |evidence| evidence.calls = Some(Vec::new()), "I6"),
        ("the answers of lookups", without_answers, "answers-to-lookups"),
        ("the state stores", |evidence| evidence.copies = Some(Vec::new()), "I4"),
        ("the changelog", |evidence| evidence.changelogs.clear(), "I4"),
        ("a topic", |evidence| assert!(evidence.topics.remove("customer.profiles")), "profiles"),
        (
            "a topic that nothing is read from",
            |evidence| assert!(evidence.topics.remove("schema.drift")),
            "topics",
        ),
    ];
    for (what, take, id) in takes {
        let Run { mut evidence, inputs } = run(7);
        take(&mut evidence);
        let report = examine(&evidence, &inputs);
        assert!(
            report.not_judged.iter().any(|skipped| skipped.id == id),
            "without {what}: {:#?}",
            report.not_judged
        );
        assert_ne!(report.conclusion(), Conclusion::Holds, "without {what}");
    }
}

fn without_answers(evidence: &mut Evidence) {
    evidence.calls.as_mut().unwrap().iter_mut().for_each(|call| call.answer = None);
}

#[test]
fn clocks_that_are_years_apart_are_not_compared() {
    let Run { mut evidence, inputs } = run(3);
    evidence.calls.as_mut().unwrap().iter_mut().for_each(|call| call.started_at -= 1e11);
    let report = examine(&evidence, &inputs);
    let i6 = report.not_judged.iter().find(|skipped| skipped.id == "I6").unwrap();
    assert!(i6.why.contains("cannot be compared"), "{}", i6.why);
}
