//! Decisions, commands, results and writes.

use apache_avro::types::Value as AvroValue;
use trunkline_verifier::evidence::{Call, Command, CommandResult, Decision, Evidence, Trouble};

use super::Forgery;
use crate::dice::Dice;
use crate::outside::write;

fn decision<'a>(
    evidence: &'a mut Evidence,
    dice: &mut Dice,
    wanted: impl Fn(&Decision) -> bool,
) -> Option<&'a mut Decision> {
    let found: Vec<usize> =
        (0..evidence.decisions.len()).filter(|index| wanted(&evidence.decisions[*index])).collect();
    let index = *dice.pick(&found)?;
    evidence.decisions.get_mut(index)
}

pub(super) fn command(
    evidence: &Evidence,
    dice: &mut Dice,
    wanted: impl Fn(&Command) -> bool,
) -> Option<usize> {
    let found: Vec<usize> =
        (0..evidence.commands.len()).filter(|index| wanted(&evidence.commands[*index])).collect();
    dice.pick(&found).copied()
}

pub(super) fn written(command: &Command) -> bool {
    !command.write.observe
}

pub(super) fn upserted(command: &Command) -> bool {
    written(command) && command.write.system == "salesforce"
}

/// The call of a command.
pub(super) fn call_of<'a>(evidence: &'a mut Evidence, id: &str) -> Option<&'a mut Call> {
    evidence.calls.as_mut()?.iter_mut().find(|call| call.idempotency_key.as_deref() == Some(id))
}

fn result_of<'a>(evidence: &'a mut Evidence, id: &str) -> Option<&'a mut CommandResult> {
    evidence.results.iter_mut().find(|result| result.command_id == id)
}

pub const WRONG_QUEUE: Forgery = Forgery {
    name: "a decision sends to another queue",
    breaks: "decisions",
    forge: |evidence, dice| {
        decision(evidence, dice, |_| true)?.chosen.queue = "wrong".into();
        Some(())
    },
};

pub const WRONG_PRIORITY: Forgery = Forgery {
    name: "a decision has another priority",
    breaks: "decisions",
    forge: |evidence, dice| {
        decision(evidence, dice, |_| true)?.chosen.priority = Some(99);
        Some(())
    },
};

pub const DECIDED_TWICE: Forgery = Forgery {
    name: "an event is decided twice",
    breaks: "decisions",
    forge: |evidence, dice| {
        let mut copy = decision(evidence, dice, |_| true)?.clone();
        copy.decision_id.push_str("-again");
        evidence.decisions.push(copy);
        Some(())
    },
};

pub const DECISION_GONE: Forgery = Forgery {
    name: "a decision is missing",
    breaks: "decisions",
    forge: |evidence, dice| {
        let id = decision(evidence, dice, |_| true)?.decision_id.clone();
        evidence.decisions.retain(|decision| decision.decision_id != id);
        Some(())
    },
};

pub const DECISION_UNASKED: Forgery = Forgery {
    name: "an event is decided that no rule decides",
    breaks: "decisions",
    forge: |evidence, dice| {
        let copy = decision(evidence, dice, |_| true)?.clone();
        let decided = |id: &str| evidence.decisions.iter().any(|decision| decision.event_id == id);
        let other = evidence.enriched.iter().find(|event| !decided(&event.fact.event_id))?;
        let copy = Decision { event_id: other.fact.event_id.clone(), decision_id: "unasked".into(), ..copy };
        evidence.decisions.push(copy);
        Some(())
    },
};

pub const DECISION_OF_ANOTHER_RULE: Forgery = Forgery {
    name: "a decision says that another rule made it",
    breaks: "decisions",
    forge: |evidence, dice| {
        let decision = decision(evidence, dice, |_| true)?;
        decision.rule_id = if decision.rule_id == "gold" { "others" } else { "gold" }.into();
        Some(())
    },
};

pub const DECISION_FOR_ANOTHER_CUSTOMER: Forgery = Forgery {
    name: "a decision is for another customer than its event",
    breaks: "decisions",
    forge: |evidence, dice| {
        decision(evidence, dice, |_| true)?.customer_id = Some("C-000009".into());
        Some(())
    },
};

pub const COMMAND_GONE: Forgery = Forgery {
    name: "a command is missing, and so is all that came of it",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |_| true)?;
        let id = evidence.commands.remove(index).command_id;
        evidence.results.retain(|result| result.command_id != id);
        evidence.calls.as_mut()?.retain(|call| call.idempotency_key.as_ref() != Some(&id));
        Some(())
    },
};

pub const COMMAND_TWICE: Forgery = Forgery {
    name: "a command is there again under another id, with a result",
    breaks: "commands",
    forge: |evidence, dice| {
        let mut copy = evidence.commands[command(evidence, dice, |_| true)?].clone();
        let mut result = result_of(evidence, &copy.command_id)?.clone();
        copy.command_id.push_str("-again");
        result.command_id = copy.command_id.clone();
        evidence.commands.push(copy);
        evidence.results.push(result);
        Some(())
    },
};

pub const COMMAND_UNASKED: Forgery = Forgery {
    name: "a rule gives a command for an event that it does not look at",
    breaks: "commands",
    forge: |evidence, dice| {
        let mut copy = evidence.commands[command(evidence, dice, |_| true)?].clone();
        let commanded = |id: &str| evidence.commands.iter().any(|command| command.event_id == id);
        let other = evidence.enriched.iter().find(|event| !commanded(&event.fact.event_id))?;
        copy.event_id = other.fact.event_id.clone();
        copy.command_id = "unasked".into();
        evidence.commands.push(copy);
        Some(())
    },
};

pub const COMMAND_WITH_ANOTHER_VALUE: Forgery = Forgery {
    name: "a command writes another value",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |_| true)?;
        evidence.commands[index].write.fields.values_mut().next()?.push('x');
        Some(())
    },
};

pub const COMMAND_FOR_ANOTHER_RESOURCE: Forgery = Forgery {
    name: "a command is for another resource",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |_| true)?;
        evidence.commands[index].write.resource.push('x');
        evidence.commands[index].key.push('x');
        Some(())
    },
};

pub const COMMAND_THAT_NEVER_EXPIRES: Forgery = Forgery {
    name: "a command does not expire",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |command| command.expires_at.is_some())?;
        evidence.commands[index].expires_at = None;
        Some(())
    },
};

pub const COMMAND_IN_EARNEST: Forgery = Forgery {
    name: "a rule on trial writes in earnest",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |command| command.write.observe)?;
        evidence.commands[index].write.observe = false;
        Some(())
    },
};

pub const DECISION_OF_ANOTHER_ORGANISATION: Forgery = Forgery {
    name: "a decision names another organisation than its event",
    breaks: "decisions",
    forge: |evidence, dice| {
        let decision = decision(evidence, dice, |_| true)?;
        decision.labels = decision.labels.clone().with("orgId", &AvroValue::String("another".into()));
        Some(())
    },
};

pub const COMMAND_OF_ANOTHER_CONVERSATION: Forgery = Forgery {
    name: "a command names another conversation than its event",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |_| true)?;
        let command = &mut evidence.commands[index];
        command.labels = command.labels.clone().with("conversationId", &AvroValue::String("another".into()));
        Some(())
    },
};

pub const RESULT_OF_ANOTHER_TARGET: Forgery = Forgery {
    name: "a result names another target than its command",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, |_| true)?].command_id.clone();
        result_of(evidence, &id)?.target = "another".into();
        Some(())
    },
};

pub const RESULT_GONE: Forgery = Forgery {
    name: "a command has no result",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, |_| true)?].command_id.clone();
        evidence.results.retain(|result| result.command_id != id);
        Some(())
    },
};

pub const RESULT_TWICE: Forgery = Forgery {
    name: "a command has two results",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, |_| true)?].command_id.clone();
        let copy = result_of(evidence, &id)?.clone();
        evidence.results.push(copy);
        Some(())
    },
};

pub const EVERYTHING_REJECTED: Forgery = Forgery {
    name: "every command was rejected, say the results, and no target was asked",
    breaks: "I5",
    forge: |evidence, dice| {
        command(evidence, dice, written)?;
        evidence.calls.as_mut()?.retain(|call| !call.is_write());
        for result in evidence.results.iter_mut().filter(|result| result.outcome == "APPLIED") {
            result.outcome = "REJECTED".into();
        }
        Some(())
    },
};

pub const DEAD_WITHOUT_A_LETTER: Forgery = Forgery {
    name: "a command was given up, says its result, and is not in the dead letters",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, written)?].command_id.clone();
        result_of(evidence, &id)?.outcome = "DEAD".into();
        Some(())
    },
};

pub const EXPIRED_BEFORE_ITS_TIME: Forgery = Forgery {
    name: "a command expired, says its result, before the time at which it expires",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, written)?].command_id.clone();
        evidence.calls.as_mut()?.retain(|call| call.idempotency_key.as_ref() != Some(&id));
        result_of(evidence, &id)?.outcome = "EXPIRED".into();
        Some(())
    },
};

pub const RESULT_OUT_OF_NOWHERE: Forgery = Forgery {
    name: "there is a result of a command that was never given",
    breaks: "I5",
    forge: |evidence, _| {
        let mut copy = evidence.results.first()?.clone();
        copy.command_id = "nowhere".into();
        evidence.results.push(copy);
        Some(())
    },
};

pub const RESULT_RELABELLED: Forgery = Forgery {
    name: "a result names another rule than its command",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, |_| true)?].command_id.clone();
        result_of(evidence, &id)?.rule_id = "another".into();
        Some(())
    },
};

pub const APPLIED_WITHOUT_A_WRITE: Forgery = Forgery {
    name: "a command was applied, says its result, and nothing was written",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, written)?].command_id.clone();
        evidence.calls.as_mut()?.retain(|call| call.idempotency_key.as_ref() != Some(&id));
        Some(())
    },
};

pub const ALREADY_THERE_WITHOUT_A_LOOK: Forgery = Forgery {
    name: "a command was applied already, says its result, and nobody looked",
    breaks: "writes",
    forge: |evidence, dice| {
        let command = evidence.commands[command(evidence, dice, upserted)?].clone();
        evidence.calls.as_mut()?.retain(|call| call.idempotency_key.as_ref() != Some(&command.command_id));
        result_of(evidence, &command.command_id)?.outcome = "ALREADY_APPLIED".into();
        Some(())
    },
};

pub const OBSERVED_INSTEAD_OF_WRITTEN: Forgery = Forgery {
    name: "a command was only observed, though its rule is not on trial",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, written)?].command_id.clone();
        evidence.calls.as_mut()?.retain(|call| call.idempotency_key.as_ref() != Some(&id));
        result_of(evidence, &id)?.outcome = "OBSERVED".into();
        Some(())
    },
};

pub const APPLIED_ON_TRIAL: Forgery = Forgery {
    name: "a command of a rule on trial was written, and its result says so",
    breaks: "I5",
    forge: |evidence, dice| {
        let observed = evidence.commands[command(evidence, dice, |command| command.write.observe)?].clone();
        evidence.calls.as_mut()?.push(write(&observed, observed.issued_at));
        result_of(evidence, &observed.command_id)?.outcome = "APPLIED".into();
        Some(())
    },
};

pub const COMMAND_GONE_BEHIND_A_REPORT: Forgery = Forgery {
    name: "a command is missing, and a report says that its rule failed",
    breaks: "commands",
    forge: |evidence, dice| {
        let index = command(evidence, dice, |_| true)?;
        let gone = evidence.commands.remove(index);
        evidence.results.retain(|result| result.command_id != gone.command_id);
        evidence.calls.as_mut()?.retain(|call| call.idempotency_key.as_ref() != Some(&gone.command_id));
        evidence.troubles.push(Trouble {
            code: "TL-3002".into(),
            component: "processor".into(),
            subject: Some(gone.rule_id),
            correlation_id: Some(gone.correlation_id),
            ..Default::default()
        });
        Some(())
    },
};
