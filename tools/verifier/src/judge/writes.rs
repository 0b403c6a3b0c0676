//! `writes`: the writes of one resource come in the order of their commands, and what stands there at the end
//! is what the last command says.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::operation::{Operation, Target, fields_of, target_of};
use crate::evidence::{Call, Command, Evidence};
use crate::report::{Verdict, counted};

/// Judges `writes` from the commands and the audit logs.
pub fn judge(evidence: &Evidence, calls: &[Call]) -> Verdict {
    let mut verdict = Verdict::new("writes");
    let outcomes = evidence.outcomes();
    let mut commands: BTreeMap<Target, Vec<&Command>> = BTreeMap::new();
    for command in evidence.commands.iter().filter(|command| !command.write.observe) {
        let Some(operation) = Operation::of(command) else { continue };
        commands.entry(operation.target(command)).or_default().push(command);
    }
    let mut writes: BTreeMap<Target, Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.was_written()) {
        writes.entry(target_of(call)).or_default().push(call);
    }
    judge_unread(evidence, calls, &outcomes, &mut verdict);
    let mut compared = 0;
    for (target, commands) in &mut commands {
        // One resource is one key, and one key is one partition.
        commands.sort_by_key(|command| command.place);
        let Some(writes) = writes.get_mut(target) else { continue };
        writes.sort_by(|one, other| one.started_at.total_cmp(&other.started_at));
        compared += writes.len() as u64;
        judge_order(target, commands, writes, &mut verdict);
        judge_final_value(target, commands, writes, &outcomes, &mut verdict);
    }
    verdict.having_compared(format!(
        "{} of {}",
        counted(compared, "write"),
        counted(commands.len() as u64, "resource")
    ))
}

/// Who says that something was applied already has read it, or written it before.
fn judge_unread(evidence: &Evidence, calls: &[Call], outcomes: &HashMap<&str, &str>, verdict: &mut Verdict) {
    let answered = calls.iter().filter(|call| call.succeeded() || call.status == 404 || call.effect);
    let seen: HashSet<Target> = answered.map(target_of).collect();
    for command in &evidence.commands {
        let Some(operation) = Operation::of(command) else { continue };
        let claimed = outcomes.get(command.command_id.as_str()) == Some(&"ALREADY_APPLIED");
        if claimed && !operation.touches(command, &seen) {
            verdict.object("unread", || {
                format!(
                    "command {} ended ALREADY_APPLIED, and {} was neither read nor written",
                    command.command_id, command.write.resource
                )
            });
        }
    }
}

fn judge_order(target: &Target, commands: &[&Command], writes: &[&Call], verdict: &mut Verdict) {
    let number: HashMap<&str, usize> =
        commands.iter().enumerate().map(|(number, command)| (command.command_id.as_str(), number)).collect();
    let mut furthest: Option<(usize, &Call)> = None;
    for call in writes {
        let Some(number) = call.idempotency_key.as_deref().and_then(|key| number.get(key)).copied() else {
            continue;
        };
        if let Some((later, before)) = furthest.filter(|(later, _)| number < *later) {
            verdict.object("out-of-order", || {
                format!(
                    "{} {}: command {} was written at {:.0}, after its successor {}, written at {:.0}",
                    target.0,
                    target.1,
                    commands[number].command_id,
                    call.started_at,
                    commands[later].command_id,
                    before.started_at
                )
            });
        } else {
            furthest = Some((number, call));
        }
    }
}

/// Replays the writes; afterwards the fields of the last command that took effect have its values. One behind
/// it whose fate is not known may have written as well.
fn judge_final_value(
    target: &Target,
    commands: &[&Command],
    writes: &[&Call],
    outcomes: &HashMap<&str, &str>,
    verdict: &mut Verdict,
) {
    let mut standing: BTreeMap<String, Value> = BTreeMap::new();
    for call in writes {
        standing.extend(fields_of(call));
    }
    let outcome = |command: &Command| outcomes.get(command.command_id.as_str()).copied().unwrap_or("");
    let mut behind = commands
        .iter()
        .rev()
        .skip_while(|command| !matches!(outcome(command), "APPLIED" | "ALREADY_APPLIED"));
    let Some(last) = behind.next() else { return };
    let after = commands.iter().rev().take_while(|command| command.command_id != last.command_id);
    let uncertain: Vec<&&Command> =
        after.filter(|command| !matches!(outcome(command), "OBSERVED" | "REJECTED" | "EXPIRED")).collect();
    let Some(operation) = Operation::of(last) else { return };
    for (name, value) in fields_in(&operation.body(last)) {
        let Some(found) = standing.get(&name).filter(|found| **found != value) else { continue };
        let by_another = uncertain
            .iter()
            .any(|command| command.write.fields.get(&name).is_some_and(|text| found.as_str() == Some(text)));
        if !by_another {
            verdict.object("stale-value", || {
                format!(
                    "{} {}: in the end {name} is not what the last command, {}, wrote there",
                    target.0, target.1, last.command_id
                )
            });
        }
    }
}

fn fields_in(body: &Value) -> serde_json::Map<String, Value> {
    fields_of(&Call { body: body.clone(), ..Call::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::outcome::Write;
    use crate::evidence::{CommandResult, Place};

    fn command(id: &str, offset: i64, value: &str) -> Command {
        let write = Write {
            system: "genesys".into(),
            operation: "participant_attributes".into(),
            parameters: [("conversationId", "c"), ("participantId", "p")]
                .map(|(name, value)| (name.into(), value.into()))
                .into(),
            fields: [("tier".into(), value.into())].into(),
            ..Default::default()
        };
        Command { command_id: id.into(), place: Place { partition: 0, offset }, write, ..Default::default() }
    }

    fn write(id: &str, at: f64, value: &str) -> Call {
        Call {
            system: "genesys".into(),
            method: "PATCH".into(),
            path: "/api/v2/conversations/c/participants/p/attributes".into(),
            started_at: at,
            status: 200,
            effect: true,
            idempotency_key: Some(id.into()),
            body: format!(r#"{{"attributes":{{"tier":"{value}"}}}}"#).into(),
            ..Default::default()
        }
    }

    #[track_caller]
    fn check(calls: &[Call], outcome_of_second: &str, kinds: &[&str]) {
        let result = |id: &str, outcome: &str| CommandResult {
            command_id: id.into(),
            outcome: outcome.into(),
            ..Default::default()
        };
        let evidence = Evidence {
            commands: vec![command("b", 2, "GOLD"), command("a", 1, "SILVER")],
            results: vec![result("a", "APPLIED"), result("b", outcome_of_second)],
            ..Evidence::default()
        };
        let verdict = judge(&evidence, calls);
        assert_eq!(verdict.found.keys().copied().collect::<Vec<_>>(), kinds, "{:?}", verdict.examples());
    }

    #[test]
    fn in_the_order_of_the_commands() {
        check(&[write("b", 2.0, "GOLD"), write("a", 1.0, "SILVER")], "APPLIED", &[]);
        check(
            &[write("a", 1.0, "SILVER"), write("a", 1.5, "SILVER"), write("b", 2.0, "GOLD")],
            "APPLIED",
            &[],
        );
    }

    #[test]
    fn a_write_behind_its_successor_is_seen_and_so_is_what_it_leaves() {
        check(
            &[write("b", 1.0, "GOLD"), write("a", 2.0, "SILVER")],
            "APPLIED",
            &["out-of-order", "stale-value"],
        );
    }

    #[test]
    fn a_final_value_that_is_not_the_last_commands_is_seen() {
        check(&[write("a", 1.0, "SILVER"), write("b", 2.0, "SILVER")], "APPLIED", &["stale-value"]);
        check(&[write("a", 1.0, "SILVER")], "ALREADY_APPLIED", &["stale-value"]);
    }

    #[test]
    fn already_applied_without_a_look_is_seen() {
        let elsewhere = Call { path: "/api/v2/conversations/other".into(), ..write("x", 1.0, "GOLD") };
        check(&[elsewhere], "ALREADY_APPLIED", &["unread"]);
        let read = Call {
            method: "GET".into(),
            path: "/api/v2/conversations/c".into(),
            effect: false,
            ..write("x", 1.0, "")
        };
        check(&[read], "ALREADY_APPLIED", &[]);
    }

    #[test]
    fn a_command_of_unknown_fate_may_have_written() {
        check(&[write("a", 1.0, "SILVER"), write("b", 2.0, "GOLD")], "DEAD", &[]);
        check(&[write("a", 1.0, "SILVER")], "DEAD", &[]);
        check(&[write("a", 1.0, "SILVER"), write("b", 2.0, "GOLD")], "REJECTED", &["stale-value"]);
    }
}
