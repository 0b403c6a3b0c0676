//! What commands wrote: bodies, effects and their order.

use serde_json::Value;
use trunkline_verifier::evidence::{Call, Command, Evidence};

use super::Forgery;
use super::outcomes::{call_of, command, upserted, written};
use crate::dice::Dice;
use crate::outside::write;

/// Two commands of one resource, in their order.
fn of_one_resource(evidence: &Evidence, dice: &mut Dice) -> Option<(String, String)> {
    let mut pairs = Vec::new();
    for one in evidence.commands.iter().filter(|one| written(one)) {
        let later = |other: &&Command| other.write.resource == one.write.resource && other.place > one.place;
        if let Some(other) = evidence.commands.iter().find(later) {
            pairs.push((one.command_id.clone(), other.command_id.clone()));
        }
    }
    dice.pick(&pairs).cloned()
}

pub const UNREADABLE_BODY: Forgery = Forgery {
    name: "a write has a body that nobody can read",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, upserted)?].command_id.clone();
        call_of(evidence, &id)?.body = "garbage".into();
        Some(())
    },
};

pub const EFFECT_TWICE: Forgery = Forgery {
    name: "a command that may take effect once did so twice",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, upserted)?].command_id.clone();
        let mut copy = call_of(evidence, &id)?.clone();
        copy.started_at += 20.0;
        copy.finished_at = Some(copy.started_at + 5.0);
        evidence.calls.as_mut()?.push(copy);
        Some(())
    },
};

pub const EFFECT_OF_AN_OBSERVED_COMMAND: Forgery = Forgery {
    name: "a command on trial took effect",
    breaks: "I5",
    forge: |evidence, dice| {
        let observed = evidence.commands[command(evidence, dice, |command| command.write.observe)?].clone();
        evidence.calls.as_mut()?.push(write(&observed, observed.issued_at));
        Some(())
    },
};

pub const EFFECT_UNASKED: Forgery = Forgery {
    name: "something was written that no command asked for",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, written)?].command_id.clone();
        let mut copy = call_of(evidence, &id)?.clone();
        (copy.idempotency_key, copy.path) = (None, format!("{}-another", copy.path));
        evidence.calls.as_mut()?.push(copy);
        Some(())
    },
};

fn with_body(
    evidence: &mut Evidence,
    dice: &mut Dice,
    change: impl Fn(&mut serde_json::Map<String, Value>),
) -> Option<()> {
    let id = evidence.commands[command(evidence, dice, upserted)?].command_id.clone();
    let call = call_of(evidence, &id)?;
    let mut body: Value = serde_json::from_str(call.body.as_str()?).ok()?;
    change(body.as_object_mut()?);
    call.body = body.to_string().into();
    Some(())
}

pub const WRONG_BODY: Forgery = Forgery {
    name: "a write has another value than its command",
    breaks: "I5",
    forge: |evidence, dice| {
        with_body(evidence, dice, |body| {
            body.insert("Transfers__c".to_owned(), "99".into());
        })
    },
};

pub const BODY_WITH_MORE: Forgery = Forgery {
    name: "a write has a field that its command does not have",
    breaks: "I5",
    forge: |evidence, dice| {
        with_body(evidence, dice, |body| {
            body.insert("Balance__c".to_owned(), "0".into());
        })
    },
};

pub const WRONG_ADDRESS: Forgery = Forgery {
    name: "a command was written to another record",
    breaks: "I5",
    forge: |evidence, dice| {
        let id = evidence.commands[command(evidence, dice, upserted)?].command_id.clone();
        call_of(evidence, &id)?.path.push_str("-another");
        Some(())
    },
};

pub const WRITTEN_OUT_OF_ORDER: Forgery = Forgery {
    name: "two writes of a resource come in the other order",
    breaks: "writes",
    forge: |evidence, dice| {
        let (one, other) = of_one_resource(evidence, dice)?;
        let times = |call: &Call| (call.started_at, call.finished_at);
        let (first, second) = (times(call_of(evidence, &one)?), times(call_of(evidence, &other)?));
        let call = call_of(evidence, &one)?;
        (call.started_at, call.finished_at) = second;
        let call = call_of(evidence, &other)?;
        (call.started_at, call.finished_at) = first;
        Some(())
    },
};

pub const STALE_FINAL_VALUE: Forgery = Forgery {
    name: "in the end the value of an earlier command stands",
    breaks: "writes",
    forge: |evidence, dice| {
        let (one, _) = of_one_resource(evidence, dice)?;
        let one = call_of(evidence, &one)?.clone();
        let last = evidence.calls.as_ref()?.iter().map(|call| call.started_at).fold(0.0, f64::max);
        // Written again by somebody without the command's id, so that only the value gives it away.
        let again = Call { started_at: last + 100.0, finished_at: None, idempotency_key: None, ..one };
        evidence.calls.as_mut()?.push(again);
        Some(())
    },
};

pub const WRITTEN_SIDE_BY_SIDE: Forgery = Forgery {
    name: "two writes of a resource are under way together",
    breaks: "I6",
    forge: |evidence, dice| {
        let (one, other) = of_one_resource(evidence, dice)?;
        let start = call_of(evidence, &other)?.started_at;
        call_of(evidence, &one)?.finished_at = Some(start + 1.0);
        Some(())
    },
};
