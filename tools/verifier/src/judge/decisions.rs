//! `decisions`: what the rules decide of each event is decided once, as they say, and nothing else is.

use std::collections::{HashMap, HashSet};

use crate::evidence::{Decision, Enriched, Evidence, Expected};
use crate::report::{Verdict, counted};

/// Judges decisions against their events, and, where the configuration was given, against its rules. With
/// plugins, decisions that no rule makes are theirs.
pub fn judge(evidence: &Evidence, plugins: bool) -> Verdict {
    let mut verdict = Verdict::new("decisions");
    let events: HashMap<&str, &Enriched> =
        evidence.enriched.iter().map(|event| (event.fact.event_id.as_str(), event)).collect();
    let mut of_event: HashMap<&str, &Decision> = HashMap::new();
    let mut ids = HashSet::new();
    for decision in &evidence.decisions {
        if !ids.insert(&decision.decision_id) {
            verdict.object("twice", || {
                format!("decision {} at {} was there before", decision.decision_id, decision.place)
            });
        }
        if let Some(first) = of_event.insert(&decision.event_id, decision) {
            verdict.object("twice", || {
                format!(
                    "event {} was decided at {} and again at {}",
                    decision.event_id, first.place, decision.place
                )
            });
        }
        match events.get(decision.event_id.as_str()) {
            None => verdict.object("invented", || {
                format!(
                    "decision at {} is of event {}, which never came out",
                    decision.place, decision.event_id
                )
            }),
            Some(event) => judge_origin(decision, event, &mut verdict),
        }
    }
    verdict.count("decisions", evidence.decisions.len() as u64);
    let compared = counted(evidence.decisions.len() as u64, "decision");
    match &evidence.expected {
        None => verdict.having_compared(format!("{compared} with their events; no rules were given")),
        Some(expected) => {
            judge_rules(expected, &of_event, plugins, &mut verdict);
            judge_unasked(expected, evidence, plugins, &mut verdict);
            verdict.having_compared(format!(
                "{compared} with the rules of {}",
                counted(expected.len() as u64, "event")
            ))
        }
    }
}

/// What a decision says of its event.
fn judge_origin(decision: &Decision, event: &Enriched, verdict: &mut Verdict) {
    let fact = &event.fact;
    let facts = [
        ("the key", decision.key == fact.key),
        ("conversationId", Some(&decision.conversation_id) == fact.conversation_id.as_ref()),
        ("customerId", decision.customer_id == fact.customer_id),
        ("correlationId", decision.correlation_id == fact.correlation_id),
        ("enrichmentStatus", decision.enrichment_status == event.enrichment.status),
    ];
    let unequal = facts.iter().filter(|(_, equal)| !equal).map(|(name, _)| *name);
    for name in unequal.chain(decision.labels.differing(&fact.fields)) {
        verdict.object("relabelled", || {
            format!(
                "decision at {}: {name} is not that of its event {} at {}",
                decision.place, fact.event_id, fact.place
            )
        });
    }
}

/// What the rules decide is there.
fn judge_rules(
    expected: &[Expected],
    of_event: &HashMap<&str, &Decision>,
    plugins: bool,
    verdict: &mut Verdict,
) {
    for expected in expected {
        let Some((rule, choice)) = &expected.decision else { continue };
        match of_event.get(expected.event_id.as_str()) {
            None => verdict.object("missing", || {
                format!("event {}: rule '{rule}' decides, and there is no decision", expected.event_id)
            }),
            // A plugin was asked before the rules.
            Some(decision) if decision.rule_id != *rule && plugins => {}
            Some(decision) if decision.rule_id != *rule => verdict.object("wrong-rule", || {
                format!(
                    "event {}: rule '{rule}' decides, and the decision at {} is of '{}'",
                    expected.event_id, decision.place, decision.rule_id
                )
            }),
            Some(decision) if decision.chosen != *choice => verdict.object("wrong-choice", || {
                format!(
                    "event {}: rule '{rule}' chooses {choice:?}, the decision at {} says {:?}",
                    expected.event_id, decision.place, decision.chosen
                )
            }),
            Some(_) => {}
        }
    }
}

/// What is decided, a rule decides.
fn judge_unasked(expected: &[Expected], evidence: &Evidence, plugins: bool, verdict: &mut Verdict) {
    let decided: HashSet<&str> =
        expected.iter().filter(|one| one.decision.is_some()).map(|one| one.event_id.as_str()).collect();
    for decision in evidence.decisions.iter().filter(|_| !plugins) {
        if !decided.contains(decision.event_id.as_str()) {
            verdict.object("unasked", || {
                format!(
                    "decision at {} of event {} by '{}': no rule decides that event",
                    decision.place, decision.event_id, decision.rule_id
                )
            });
        }
    }
}
