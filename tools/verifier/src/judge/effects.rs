//! I5: every command ends in exactly one result, and its effect is in the target's audit log at most once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::operation::{Operation, Target, body_of, target_of};
use crate::evidence::{Call, Command, CommandResult, DeadLetter, Evidence, Place};
use crate::report::{Verdict, counted};

/// What else is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// Targets that are set to observe; `None` where no configuration was given.
    pub observing: Option<&'a BTreeSet<String>>,
}

/// Outcomes that end a command.
const OUTCOMES: &[&str] =
    &["APPLIED", "ALREADY_APPLIED", "OBSERVED", "CONFLICT", "REJECTED", "EXPIRED", "DEAD"];

/// Writes of one command or target.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// Changed something. The answer may not have come through.
    effects: u64,
    /// Changed something or were answered 2xx: writing what is there already changes nothing.
    succeeded: u64,
}

/// Judges the first half of I5: one result for each command, and none without a command.
pub fn judge_results(
    commands: &[Command],
    results: &[CommandResult],
    terms: Terms<'_>,
    verdict: &mut Verdict,
) {
    let mut issued: HashMap<&str, u64> = HashMap::new();
    let mut by_id: HashMap<&str, &Command> = HashMap::new();
    for command in commands {
        *issued.entry(&command.command_id).or_default() += 1;
        by_id.insert(&command.command_id, command);
    }
    let mut ended: HashMap<&str, &CommandResult> = HashMap::new();
    for result in results {
        verdict.count(format!("writebacks.{}", result.outcome), 1);
        if !OUTCOMES.contains(&result.outcome.as_str()) {
            verdict.object("outcome", || {
                format!("command {} has outcome {}, which ends nothing", result.command_id, result.outcome)
            });
        }
        match by_id.get(result.command_id.as_str()) {
            None => verdict.object("invented", || {
                format!(
                    "result at {} is of command {}, which was never issued",
                    result.place, result.command_id
                )
            }),
            Some(command) => judge_relation(command, result, terms, verdict),
        }
        if let Some(first) = ended.insert(&result.command_id, result) {
            verdict.object("ended-twice", || {
                format!(
                    "command {} ended twice: {} at {} and {} at {}",
                    result.command_id, first.outcome, first.place, result.outcome, result.place
                )
            });
        }
    }
    for command in commands {
        let times = issued.remove(command.command_id.as_str()).unwrap_or(1);
        if times > 1 {
            verdict.object("issued-twice", || {
                format!("command {} was issued {times} times", command.command_id)
            });
        }
        if times > 0 && !ended.contains_key(command.command_id.as_str()) {
            verdict.object("no-result", || {
                format!(
                    "command {} at {} {} ({} {}) has no result",
                    command.command_id,
                    command.topic,
                    command.place,
                    command.write.system,
                    command.write.operation
                )
            });
        }
    }
    verdict.count("commands", commands.len() as u64);
}

/// A result says of its command what the command says of itself.
fn judge_relation(command: &Command, result: &CommandResult, terms: Terms<'_>, verdict: &mut Verdict) {
    let same = result.resource == command.write.resource
        && result.event_id == command.event_id
        && result.rule_id == command.rule_id
        && result.issued_at == command.issued_at
        && result.target == command.write.target
        && result.system == command.write.system
        && result.operation == command.write.operation
        && result.correlation_id == command.correlation_id
        && result.labels.differing(&command.labels).next().is_none();
    let wanted = match terms.observing {
        Some(observing) => Some(command.write.observe || observing.contains(&command.write.target)),
        // Whether the target observes is not known.
        None => command.write.observe.then_some(true),
    };
    let observed = result.outcome == "OBSERVED";
    let done = observed || matches!(result.outcome.as_str(), "APPLIED" | "ALREADY_APPLIED");
    if done && wanted.is_some_and(|wanted| wanted != observed) {
        verdict.object("outcome", || {
            format!(
                "command {} ended {}, and its rule and target say observe = {}",
                command.command_id, result.outcome, !observed
            )
        });
    }
    if result.outcome == "EXPIRED" && command.expires_at.is_none_or(|at| result.finished_at < at) {
        verdict.object("outcome", || {
            format!(
                "command {} ended EXPIRED at {}, and expires at {}",
                command.command_id,
                result.finished_at,
                command.expires_at.map_or("no time".to_owned(), |at| at.to_string())
            )
        });
    }
    if !same {
        verdict.object("relabelled", || {
            format!(
                "result at {} names another resource, event, rule, time of issue, target or conversation than its command {}",
                result.place, command.command_id
            )
        });
    }
}

/// Judges I5 as a whole; `calls` is `None` when no audit log is at hand, which leaves the effects unjudged.
pub fn judge(evidence: &Evidence, calls: Option<&[Call]>, terms: Terms<'_>) -> Verdict {
    let Evidence { commands, results, dead_letters, .. } = evidence;
    let mut verdict = Verdict::new("I5");
    judge_results(commands, results, terms, &mut verdict);
    let outcomes = evidence.outcomes();
    judge_dead_letters(commands, &outcomes, dead_letters, &mut verdict);
    if let Some(calls) = calls {
        judge_effects(commands, &outcomes, calls, &mut verdict);
        judge_tries(commands, &outcomes, calls, &mut verdict);
    }
    let compared = format!(
        "{}, {}, {} in the audit logs",
        counted(commands.len() as u64, "command"),
        counted(results.len() as u64, "result"),
        counted(verdict.counted("writes_compared"), "write")
    );
    verdict.having_compared(compared)
}

fn judge_effects(
    commands: &[Command],
    outcomes: &HashMap<&str, &str>,
    calls: &[Call],
    verdict: &mut Verdict,
) {
    let writes: Vec<&Call> = calls.iter().filter(|call| call.was_written()).collect();
    verdict.count("effects", writes.iter().filter(|call| call.effect).count() as u64);
    verdict.count("writes_compared", writes.len() as u64);
    let known: HashMap<&str, &Command> =
        commands.iter().map(|command| (command.command_id.as_str(), command)).collect();
    let mut wanted: HashMap<Target, Vec<(&Operation, &Command)>> = HashMap::new();
    for command in commands {
        if let Some(operation) = Operation::of(command) {
            wanted.entry(operation.target(command)).or_default().push((operation, command));
        }
    }

    // Calls that carry their command's id are told apart by it; the others by where they went.
    let mut by_command: HashMap<&str, Tally> = HashMap::new();
    let mut by_target: BTreeMap<Target, Tally> = BTreeMap::new();
    for call in writes {
        match call.idempotency_key.as_deref().and_then(|key| known.get_key_value(key)) {
            Some((key, command)) => {
                judge_call(command, call, verdict);
                by_command.entry(key).or_default().add(call);
            }
            None => {
                let target = target_of(call);
                if let Some(commands) = wanted.get(&target) {
                    judge_unkeyed_body(commands, &target, call, verdict);
                }
                by_target.entry(target).or_default().add(call);
            }
        }
    }
    // Per target without ids: how many effects the results account for at least and at most.
    let mut accounted: BTreeMap<Target, (u64, u64)> = BTreeMap::new();
    let mut seen = HashSet::new();
    for command in commands.iter().filter(|command| seen.insert(&command.command_id)) {
        let outcome = outcomes.get(command.command_id.as_str()).copied().unwrap_or("");
        let Some(operation) = Operation::of(command) else {
            verdict.count("commands_of_unknown_operations", 1);
            continue;
        };
        match by_command.get(command.command_id.as_str()) {
            Some(tally) => judge_command(command, operation, outcome, tally, verdict),
            None => {
                let (least, most) = accounted.entry(operation.target(command)).or_default();
                *least += u64::from(outcome == "APPLIED");
                *most += match outcome {
                    "OBSERVED" | "REJECTED" | "EXPIRED" => 0,
                    // Setting a value again converges: repeats are allowed.
                    _ if !operation.once => u64::from(u32::MAX),
                    _ => 1,
                };
            }
        }
    }
    judge_targets(&by_target, &accounted, verdict);
}

/// What a person has to decide on lies in `writeback.dlq`, with where its command was read.
fn judge_dead_letters(
    commands: &[Command],
    outcomes: &HashMap<&str, &str>,
    dead_letters: &[DeadLetter],
    verdict: &mut Verdict,
) {
    let lies: HashSet<(&str, Place)> = dead_letters
        .iter()
        .filter(|letter| letter.topic == "writeback.dlq")
        .filter_map(|letter| letter.origin.as_ref())
        .map(|(topic, place)| (topic.rsplit_once("writebacks.").map_or("", |(_, system)| system), *place))
        .collect();
    for command in commands {
        let outcome = outcomes.get(command.command_id.as_str()).copied().unwrap_or("");
        let there = lies.contains(&(command.topic.trim_start_matches("writebacks."), command.place));
        if matches!(outcome, "DEAD" | "CONFLICT") && !there {
            verdict.object("no-dead-letter", || {
                format!("command {} ended {outcome}, and is not in writeback.dlq", command.command_id)
            });
        }
    }
}

/// What a target refused, it was asked.
fn judge_tries(commands: &[Command], outcomes: &HashMap<&str, &str>, calls: &[Call], verdict: &mut Verdict) {
    let refused = calls.iter().filter(|call| (400..500).contains(&call.status));
    let refused: HashSet<Target> = refused.map(target_of).collect();
    for command in commands {
        let Some(operation) = Operation::of(command) else { continue };
        let outcome = outcomes.get(command.command_id.as_str()).copied().unwrap_or("");
        if matches!(outcome, "REJECTED" | "CONFLICT") && !operation.touches(command, &refused) {
            verdict.object("untried", || {
                format!("command {} ended {outcome}, and its target refused nothing", command.command_id)
            });
        }
    }
}

/// A call carries out its command: the command's address, and its body to the last field.
fn judge_call(command: &Command, call: &Call, verdict: &mut Verdict) {
    let Some(operation) = Operation::of(command) else { return };
    if target_of(call) != operation.target(command) {
        verdict.object("wrong-address", || {
            format!(
                "command {} of {} was written to {} {}",
                command.command_id, command.write.resource, call.system, call.path
            )
        });
    }
    // Without a body nothing can be said, and is not ("I5-bodies"); one that cannot be read is not what the
    // command says.
    if !call.body.is_null() && body_of(call) != Some(operation.body(command)) {
        verdict.object("wrong-body", || {
            format!(
                "command {} of {}: what was written at {:.0} is not what it says",
                command.command_id, command.write.resource, call.started_at
            )
        });
    }
}

/// A call without its command's id says what some command for its target says.
fn judge_unkeyed_body(
    commands: &[(&Operation, &Command)],
    target: &Target,
    call: &Call,
    verdict: &mut Verdict,
) {
    let Some(body) = body_of(call) else { return };
    if !commands.iter().any(|(operation, command)| operation.body(command) == body) {
        verdict.object("wrong-body", || {
            format!(
                "{} {}: what was written at {:.0} is what no command says",
                target.0, target.1, call.started_at
            )
        });
    }
}

fn judge_command(
    command: &Command,
    operation: &Operation,
    outcome: &str,
    tally: &Tally,
    verdict: &mut Verdict,
) {
    let (command_id, resource, times) = (&command.command_id, &command.write.resource, tally.effects);
    if operation.once && times > 1 {
        verdict.object("effect-twice", || {
            format!("command {command_id} took effect {times} times on {resource}")
        });
    }
    if times > 0 && matches!(outcome, "OBSERVED" | "REJECTED" | "EXPIRED") {
        verdict.object("effect-unwanted", || {
            format!("command {command_id} ended {outcome}, yet it took effect on {resource}")
        });
    }
    if outcome == "APPLIED" && tally.succeeded == 0 {
        verdict.object("not-applied", || {
            format!("command {command_id} ended APPLIED, yet no write of it to {resource} succeeded")
        });
    }
}

fn judge_targets(
    by_target: &BTreeMap<Target, Tally>,
    accounted: &BTreeMap<Target, (u64, u64)>,
    verdict: &mut Verdict,
) {
    for (target @ (system, path), (least, most)) in accounted {
        let Tally { effects, succeeded } = by_target.get(target).copied().unwrap_or_default();
        if succeeded < *least {
            verdict.object("not-applied", || {
                format!("{system} {path}: {least} commands ended APPLIED, the audit log has {succeeded} writes that succeeded")
            });
        }
        if effects > *most {
            verdict.object("effect-twice", || {
                format!(
                    "{system} {path}: {effects} effects in the audit log, the commands account for {most}"
                )
            });
        }
    }
    for ((system, path), tally) in by_target.iter().filter(|(target, _)| !accounted.contains_key(*target)) {
        verdict.object("unasked", || {
            format!("{system} {path}: {} writes in the audit log that no command asked for", tally.succeeded)
        });
    }
}

// === impl Tally ===

impl Tally {
    fn add(&mut self, call: &Call) {
        self.effects += u64::from(call.effect);
        self.succeeded += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::outcome::Write;

    fn upsert(id: &str) -> Command {
        let parameters = [("object", "Case"), ("externalIdField", "Ext__c"), ("externalId", "genesys c1")];
        let write = Write {
            system: "salesforce".into(),
            operation: "upsert".into(),
            resource: "salesforce/org/Case/genesys c1".into(),
            parameters: parameters.map(|(name, value)| (name.into(), value.into())).into(),
            fields: [("Tier__c".into(), "GOLD".into())].into(),
            ..Default::default()
        };
        Command { command_id: id.into(), write, ..Default::default() }
    }

    fn attributes(id: &str) -> Command {
        let write = Write {
            system: "genesys".into(),
            operation: "participant_attributes".into(),
            resource: "genesys/org/conversations/c1/participants/p1".into(),
            parameters: [("conversationId", "c1"), ("participantId", "p1")]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            fields: [("tier".into(), "GOLD".into())].into(),
            ..Default::default()
        };
        Command { command_id: id.into(), write, ..Default::default() }
    }

    fn ended(id: &str, outcome: &str) -> CommandResult {
        let Write { system, operation, resource, .. } =
            if id.starts_with('g') { attributes(id) } else { upsert(id) }.write;
        let (command_id, outcome) = (id.into(), outcome.into());
        CommandResult { command_id, outcome, system, operation, resource, ..Default::default() }
    }

    fn effect(system: &str, path: &str, key: Option<&str>) -> Call {
        Call {
            system: system.into(),
            method: "PATCH".into(),
            path: path.into(),
            status: 200,
            effect: true,
            idempotency_key: key.map(Into::into),
            ..Default::default()
        }
    }

    const CASE: &str = "/services/data/v60.0/sobjects/Case/Ext__c/genesys%20c1?x=1";
    const PARTICIPANT: &str = "/api/v2/conversations/c1/participants/p1/attributes";

    fn judged(commands: &[Command], results: &[CommandResult], calls: Option<&[Call]>) -> Verdict {
        let dead = results.iter().filter(|result| matches!(result.outcome.as_str(), "DEAD" | "CONFLICT"));
        let letter = |_: &CommandResult| DeadLetter {
            topic: "writeback.dlq".into(),
            origin: Some(("p.writebacks.".into(), Place::default())),
            ..Default::default()
        };
        let evidence = Evidence {
            commands: commands.to_vec(),
            results: results.to_vec(),
            dead_letters: dead.map(letter).collect(),
            ..Evidence::default()
        };
        judge(&evidence, calls, Terms { observing: Some(&BTreeSet::new()) })
    }

    #[track_caller]
    fn check(commands: &[Command], results: &[CommandResult], calls: &[Call], violations: u64) -> Verdict {
        let verdict = judged(commands, results, Some(calls));
        assert_eq!(verdict.violations(), violations, "{:?}", verdict.examples());
        verdict
    }

    #[test]
    fn one_result_and_one_effect() {
        let calls = [effect("salesforce", CASE, None), effect("genesys", PARTICIPANT, Some("g2"))];
        let verdict = check(
            &[upsert("a"), attributes("g2")],
            &[ended("a", "APPLIED"), ended("g2", "APPLIED")],
            &calls,
            0,
        );
        assert_eq!(verdict.counts["writebacks.APPLIED"], 2);
    }

    #[test]
    fn a_missing_a_second_and_a_foreign_result_are_seen() {
        check(&[upsert("a")], &[], &[], 1);
        check(&[upsert("a")], &[ended("a", "DEAD"), ended("a", "DEAD")], &[], 1);
        check(&[], &[ended("a", "DEAD")], &[], 1);
        check(&[upsert("a")], &[ended("a", "UNKNOWN")], &[], 1);
    }

    #[test]
    fn a_command_issued_twice_is_seen() {
        check(&[upsert("a"), upsert("a")], &[ended("a", "DEAD")], &[], 1);
    }

    #[test]
    fn a_second_effect_is_seen_by_key_and_by_path() {
        let by_key = [effect("salesforce", CASE, Some("a")), effect("salesforce", CASE, Some("a"))];
        let by_path = [effect("salesforce", CASE, None), effect("salesforce", CASE, None)];
        check(&[upsert("a")], &[ended("a", "APPLIED")], &by_key, 1);
        check(&[upsert("a")], &[ended("a", "APPLIED")], &by_path, 1);
    }

    #[test]
    fn setting_a_value_again_converges() {
        let twice = [effect("genesys", PARTICIPANT, None), effect("genesys", PARTICIPANT, None)];
        check(&[attributes("g")], &[ended("g", "APPLIED")], &twice, 0);
    }

    #[test]
    fn applied_without_an_effect_is_seen() {
        check(&[upsert("a")], &[ended("a", "APPLIED")], &[], 1);
        check(
            &[attributes("g"), attributes("g2")],
            &[ended("g", "APPLIED"), ended("g2", "APPLIED")],
            &[effect("genesys", PARTICIPANT, None)],
            1,
        );
    }

    #[test]
    fn an_effect_of_an_observed_or_rejected_command_is_seen() {
        let fitting = |mut command: Command, outcome: &str| {
            command.write.observe = outcome == "OBSERVED";
            command.expires_at = (outcome == "EXPIRED").then_some(0);
            command
        };
        for outcome in ["OBSERVED", "REJECTED", "EXPIRED"] {
            let (upsert, attributes) = (fitting(upsert("a"), outcome), fitting(attributes("g"), outcome));
            let upserts = std::slice::from_ref(&upsert);
            let refused = |system, path| Call { status: 400, effect: false, ..effect(system, path, None) };
            let (case, participant) = (refused("salesforce", CASE), refused("genesys", PARTICIPANT));
            check(upserts, &[ended("a", outcome)], &[case.clone(), effect("salesforce", CASE, Some("a"))], 1);
            check(
                &[attributes],
                &[ended("g", outcome)],
                &[participant, effect("genesys", PARTICIPANT, None)],
                1,
            );
            check(upserts, &[ended("a", outcome)], &[case], 0);
        }
    }

    #[test]
    fn an_outcome_that_the_command_cannot_have_is_seen() {
        check(&[upsert("a")], &[ended("a", "OBSERVED")], &[], 1);
        check(&[Command { expires_at: None, ..upsert("a") }], &[ended("a", "EXPIRED")], &[], 1);
        check(&[Command { expires_at: Some(9), ..upsert("a") }], &[ended("a", "EXPIRED")], &[], 1);
        check(&[upsert("a")], &[ended("a", "REJECTED")], &[], 1);
        let mut trial = upsert("a");
        trial.write.observe = true;
        check(&[trial], &[ended("a", "ALREADY_APPLIED")], &[], 1);
    }

    #[test]
    fn writing_what_is_there_already_is_no_second_effect() {
        let again = Call { effect: false, ..effect("salesforce", CASE, None) };
        check(
            &[upsert("a")],
            &[ended("a", "APPLIED")],
            &[effect("salesforce", CASE, None), again.clone()],
            0,
        );
        check(
            &[upsert("a"), upsert("b")],
            &[ended("a", "APPLIED"), ended("b", "APPLIED")],
            &[again.clone(), again],
            0,
        );
    }

    #[test]
    fn an_effect_that_nobody_asked_for_is_seen() {
        check(&[], &[], &[effect("salesforce", CASE, None)], 1);
    }

    #[test]
    fn reads_failed_writes_and_tokens_are_no_effects() {
        let failed = Call { effect: false, status: 503, ..effect("salesforce", CASE, None) };
        let token = effect("salesforce", "/services/oauth2/token", None);
        check(&[upsert("a")], &[ended("a", "DEAD")], &[failed, token], 0);
    }

    #[test]
    fn without_an_audit_log_results_are_judged_alone() {
        assert_eq!(judged(&[upsert("a")], &[ended("a", "APPLIED")], None).violations(), 0);
        assert_eq!(judged(&[upsert("a")], &[], None).violations(), 1);
    }

    #[test]
    fn a_call_carries_out_its_command_to_the_last_field() {
        let with_body = |body: &str| Call { body: body.into(), ..effect("salesforce", CASE, Some("a")) };
        let judged = |call: Call| {
            let verdict = judged(&[upsert("a")], &[ended("a", "APPLIED")], Some(&[call]));
            verdict.found.keys().copied().collect::<Vec<_>>()
        };
        assert_eq!(judged(with_body(r#"{"Tier__c":"GOLD"}"#)), [""; 0]);
        assert_eq!(judged(with_body(r#"{"Tier__c":"SILVER"}"#)), ["wrong-body"]);
        assert_eq!(judged(with_body(r#"{"Tier__c":"GOLD","More__c":"x"}"#)), ["wrong-body"]);
        assert_eq!(judged(with_body("{}")), ["wrong-body"]);
        let elsewhere = CASE.replace("c1", "c2");
        assert_eq!(judged(effect("salesforce", &elsewhere, Some("a"))), ["wrong-address"]);
        let failed = Call { status: 503, effect: false, ..effect("salesforce", CASE, Some("a")) };
        assert_eq!(judged(failed), ["not-applied"]);
    }

    #[test]
    fn a_result_that_names_another_resource_is_seen() {
        let other = CommandResult { resource: "elsewhere".into(), ..ended("a", "DEAD") };
        check(&[upsert("a")], &[other], &[], 1);
    }
}
