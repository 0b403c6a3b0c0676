//! `commands`: what the rules want written of each event is commanded once, as they say, and nothing else is;
//! a rule that fails is reported.

use std::collections::{HashMap, HashSet};

use crate::evidence::outcome::Write;
use crate::evidence::{Command, Enriched, Evidence, Expected};
use crate::report::{Verdict, counted};

/// The code under which a rule that failed, or whose outcome cannot be published, is reported.
const RULE_FAILED: &str = "TL-3002";

/// Judges commands against their events, and, where the configuration was given, against its rules. With
/// plugins, commands that no rule gives are theirs.
pub fn judge(evidence: &Evidence, plugins: bool) -> Verdict {
    let mut verdict = Verdict::new("commands");
    let events: HashMap<&str, &Enriched> =
        evidence.enriched.iter().map(|event| (event.fact.event_id.as_str(), event)).collect();
    let mut by_rule: HashMap<(&str, &str), &Command> = HashMap::new();
    let mut given: HashMap<(&String, &String, &String), &Command> = HashMap::new();
    for command in &evidence.commands {
        by_rule.insert((&command.event_id, &command.rule_id), command);
        // One plugin may well want the same of several resources.
        let same = (&command.event_id, &command.rule_id, &command.write.resource);
        if let Some(first) = given.insert(same, command) {
            verdict.object("twice", || {
                format!(
                    "rule '{}' gave a command for event {} at {} {} and again at {} {}",
                    command.rule_id, command.event_id, first.topic, first.place, command.topic, command.place
                )
            });
        }
        match events.get(command.event_id.as_str()) {
            None => verdict.object("invented", || {
                format!(
                    "command {} at {} {} is of event {}, which never came out",
                    command.command_id, command.topic, command.place, command.event_id
                )
            }),
            Some(event) => judge_origin(command, event, &mut verdict),
        }
    }
    let compared = counted(evidence.commands.len() as u64, "command");
    match &evidence.expected {
        None => verdict.having_compared(format!("{compared} with their events; no rules were given")),
        Some(expected) => {
            judge_rules(expected, &by_rule, evidence, &mut verdict);
            judge_unasked(expected, evidence, plugins, &mut verdict);
            verdict.having_compared(format!(
                "{compared} with the rules of {}",
                counted(expected.len() as u64, "event")
            ))
        }
    }
}

/// What a command says of its event, and where it lies.
fn judge_origin(command: &Command, event: &Enriched, verdict: &mut Verdict) {
    let facts = [
        ("the key is not the resource", command.key == command.write.resource),
        ("the topic is not its system's", command.topic == format!("writebacks.{}", command.write.system)),
        ("customerId is not that of its event", command.customer_id == event.fact.customer_id),
        ("correlationId is not that of its event", command.correlation_id == event.fact.correlation_id),
    ];
    let labels =
        command.labels.differing(&event.fact.fields).map(|name| format!("{name} is not that of its event"));
    let wrong = facts.iter().filter(|(_, right)| !right).map(|(wrong, _)| (*wrong).to_owned());
    for wrong in wrong.chain(labels) {
        verdict.object("relabelled", || {
            format!("command {} at {} {}: {wrong}", command.command_id, command.topic, command.place)
        });
    }
}

fn judge_rules(
    expected: &[Expected],
    by_rule: &HashMap<(&str, &str), &Command>,
    evidence: &Evidence,
    verdict: &mut Verdict,
) {
    let reported: HashSet<(&str, &str)> = evidence
        .troubles
        .iter()
        .filter(|trouble| trouble.code == RULE_FAILED)
        .filter_map(|trouble| Some((trouble.correlation_id.as_deref()?, trouble.subject.as_deref()?)))
        .collect();
    for expected in expected {
        let is_reported = |rule: &str| reported.contains(&(expected.correlation_id.as_str(), rule));
        for rule in expected.failing.iter().filter(|rule| !is_reported(rule)) {
            verdict.object("failure-unreported", || {
                format!(
                    "event {}: rule '{rule}' fails on it, and no {RULE_FAILED} says so",
                    expected.event_id
                )
            });
        }
        for (rule, (write, expires_ms)) in &expected.commands {
            match by_rule.get(&(expected.event_id.as_str(), rule.as_str())) {
                // What is too large to be published is reported instead.
                None if is_reported(rule) && is_large(write) => verdict.count("commands_refused", 1),
                None => verdict.object("missing", || {
                    format!("event {}: rule '{rule}' writes, and there is no command", expected.event_id)
                }),
                Some(command) => {
                    let lasts = command.expires_at.map(|at| at - command.issued_at);
                    if command.write != *write || lasts != *expires_ms {
                        verdict.object("wrong-write", || {
                            format!(
                                "event {}: rule '{rule}' writes {write:?} within {expires_ms:?} ms, the command at {} {} says {:?} within {lasts:?} ms",
                                expected.event_id, command.topic, command.place, command.write
                            )
                        });
                    }
                }
            }
        }
    }
}

/// Whether the brokers might not take a command with this: they take 1 MiB by default.
fn is_large(write: &Write) -> bool {
    let texts = write.parameters.iter().chain(&write.fields);
    texts.map(|(name, value)| name.len() + value.len()).sum::<usize>() > 512 << 10
}

fn judge_unasked(expected: &[Expected], evidence: &Evidence, plugins: bool, verdict: &mut Verdict) {
    let asked: HashSet<(&str, &str)> = expected
        .iter()
        .flat_map(|one| one.commands.keys().map(move |rule| (one.event_id.as_str(), rule.as_str())))
        .collect();
    for command in evidence.commands.iter().filter(|_| !plugins) {
        if !asked.contains(&(command.event_id.as_str(), command.rule_id.as_str())) {
            verdict.object("unasked", || {
                format!(
                    "command {} at {} {}: rule '{}' does not ask for it of event {}",
                    command.command_id, command.topic, command.place, command.rule_id, command.event_id
                )
            });
        }
    }
}
