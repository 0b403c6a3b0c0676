//! The ledger, quarantine, the outside systems, secrets and state.

use trunkline_verifier::evidence::{Call, Evidence, Leak, LedgerLine, Place, StateCopy, Undecodable};
use trunkline_verifier::needles::Needles;

use super::Forgery;
use crate::dice::Dice;

/// The stores that are caught up: those of the last owner.
fn store<'a>(evidence: &'a mut Evidence, dice: &mut Dice) -> Option<&'a mut StateCopy> {
    let mut own: Vec<&mut StateCopy> =
        evidence.copies.as_mut()?.iter_mut().filter(|copy| copy.holder == "processor-0").collect();
    let index = dice.between(0, own.len() as i64) as usize;
    Some(own.swap_remove(index))
}

pub const ACCEPTED_EVENT_GONE: Forgery = Forgery {
    name: "an accepted event is nowhere",
    breaks: "I1",
    forge: |evidence, dice| {
        let id = dice.pick(&evidence.normalized)?.event_id.clone();
        evidence.normalized.retain(|fact| fact.event_id != id);
        evidence.enriched.retain(|event| event.fact.event_id != id);
        Some(())
    },
};

pub const ELEMENT_GONE: Forgery = Forgery {
    name: "a payload of two elements became one event",
    breaks: "I1",
    forge: |evidence, _| {
        evidence.ledger.as_mut()?.iter_mut().find(|line| line.accepted())?.elements = Some(2);
        Some(())
    },
};

pub const QUARANTINE_GONE: Forgery = Forgery {
    name: "a payload that was answered 422 is not in quarantine",
    breaks: "I1",
    forge: |evidence, _| evidence.quarantine.pop().map(|_| ()),
};

pub const UNPOSTED: Forgery = Forgery {
    name: "there are events that nobody posted",
    breaks: "I1",
    forge: |evidence, dice| {
        dice.pick(&evidence.normalized)?;
        evidence.ledger.as_mut()?.retain(|line| line.event_ids.is_empty());
        Some(())
    },
};

pub const ACCEPTED_AND_QUARANTINED: Forgery = Forgery {
    name: "a payload that lies in quarantine was answered as accepted",
    breaks: "I1",
    forge: |evidence, _| {
        let line = evidence.ledger.as_mut()?.iter_mut().find(|line| line.status == Some(422))?;
        (line.status, line.expected_status) = (Some(202), None);
        Some(())
    },
};

pub const UNVERIFIED_ACCEPTED: Forgery = Forgery {
    name: "a wrong signature was accepted",
    breaks: "answers",
    forge: |evidence, _| {
        let line = evidence.ledger.as_mut()?.iter_mut().find(|line| line.expected_status == Some(401))?;
        line.status = Some(202);
        Some(())
    },
};

pub const ANSWER_CHANGES: Forgery = Forgery {
    name: "the same bytes are answered with another event id",
    breaks: "answers",
    forge: |evidence, _| {
        let ledger = evidence.ledger.as_mut()?;
        let mut again = ledger.iter().find(|line| line.accepted())?.clone();
        again.event_ids = vec![ledger.iter().rfind(|line| line.accepted())?.event_ids.first()?.clone()];
        ledger.push(again);
        Some(())
    },
};

pub const TWO_FACTS_ONE_ID: Forgery = Forgery {
    name: "two facts were answered with one event id",
    breaks: "facts",
    forge: |evidence, _| {
        let ledger = evidence.ledger.as_mut()?;
        let mut other = ledger.iter().find(|line| line.accepted())?.clone();
        (other.fact, other.body_sha256) = (Some("another".into()), "another".into());
        ledger.push(other);
        Some(())
    },
};

pub const FACT_TOLD_TWICE: Forgery = Forgery {
    name: "one fact came out as two events",
    breaks: "facts",
    forge: |evidence, _| {
        let ledger = evidence.ledger.as_mut()?;
        // What is marked as a possible repetition may be one.
        let marked = |id: &String| {
            evidence.enriched.iter().any(|event| event.possible_repeat && event.fact.event_id == *id)
        };
        let new = |line: &LedgerLine| line.accepted() && !line.event_ids.iter().any(marked);
        let fact = ledger.iter().find(|line| new(line))?.fact.clone();
        let other = ledger.iter_mut().rfind(|line| new(line) && line.fact != fact)?;
        other.fact = fact;
        Some(())
    },
};

pub const QUARANTINED_BYTES_CHANGED: Forgery = Forgery {
    name: "the bytes in quarantine are not those that were posted",
    breaks: "I9",
    forge: |evidence, _| {
        evidence.quarantine.first_mut()?.computed_hash = "other".into();
        Some(())
    },
};

pub const QUARANTINED_UNDER_ANOTHER_KEY: Forgery = Forgery {
    name: "a payload lies in quarantine under another's hash",
    breaks: "I9",
    forge: |evidence, _| {
        evidence.quarantine.first_mut()?.key = "other".into();
        Some(())
    },
};

pub const QUARANTINED_OUT_OF_NOWHERE: Forgery = Forgery {
    name: "a payload in quarantine was never posted",
    breaks: "I9",
    forge: |evidence, _| {
        let mut copy = evidence.quarantine.first()?.clone();
        (copy.key, copy.payload_hash, copy.computed_hash) = ("z".into(), "z".into(), "z".into());
        evidence.quarantine.push(copy);
        Some(())
    },
};

pub const QUOTA_EXCEEDED: Forgery = Forgery {
    name: "calls come in a burst",
    breaks: "I7",
    forge: |evidence, _| {
        let calls = evidence.calls.as_mut()?;
        let call = calls.iter().find(|call| call.answer.is_some())?.clone();
        calls.extend(
            (0..60).map(|number| Call { started_at: call.started_at + f64::from(number), ..call.clone() }),
        );
        Some(())
    },
};

pub const BREAKER_IGNORED: Forgery = Forgery {
    name: "a call goes through an open breaker",
    breaks: "I10",
    forge: |evidence, _| {
        let calls = evidence.calls.as_mut()?;
        let failed = calls.iter().rfind(|call| call.status == 503)?.clone();
        calls.push(Call { started_at: failed.started_at + 2_000.0, finished_at: None, ..failed });
        Some(())
    },
};

pub const SECRET_LEAKED_IN_BASE64: Forgery = Forgery {
    name: "a secret stands in a log, in base64 behind a user's name",
    breaks: "I8",
    forge: |evidence, _| {
        // `trunkline:a-secret-token` in base64, as a Basic header has it.
        let line = b"authorization: Basic dHJ1bmtsaW5lOmEtc2VjcmV0LXRva2Vu";
        let secret = Needles::new([("token", "a-secret-token")]).find(line)?.to_owned();
        evidence.leaks.push(Leak { secret, place: "sink.log:1".into() });
        Some(())
    },
};

pub const STORE_ONE_RECORD_AHEAD: Forgery = Forgery {
    name: "a store contains a record more than it claims",
    breaks: "I4",
    forge: |evidence, dice| {
        let changelogs = evidence.changelogs.clone();
        let copy = store(evidence, dice)?;
        // Its claim falls back by one that changed something.
        let records = &changelogs[&copy.partition].records;
        let (last, before) = (records.last()?, records.iter().rev().nth(1)?);
        let changes =
            records.iter().rev().skip(1).find(|record| record.key == last.key).map(|record| record.value);
        if changes.unwrap_or(None) == last.value {
            return None;
        }
        copy.reached = Some(before.offset);
        Some(())
    },
};

pub const STORE_ONE_RECORD_BEHIND: Forgery = Forgery {
    name: "a store lacks the last record that it claims to contain",
    breaks: "I4",
    forge: |evidence, dice| {
        let changelogs = evidence.changelogs.clone();
        let copy = store(evidence, dice)?;
        let last = changelogs[&copy.partition].records.last()?;
        match last.value {
            Some(_) => copy.entries.remove(&last.key).map(|_| ()),
            None => copy.entries.insert(last.key.clone(), [0; 16]).map_or(Some(()), |_| None),
        }
    },
};

pub const STORE_LACKS_A_KEY: Forgery = Forgery {
    name: "a store lacks a key",
    breaks: "I4",
    forge: |evidence, dice| store(evidence, dice)?.entries.pop_first().map(|_| ()),
};

pub const STORE_WITH_ANOTHER_VALUE: Forgery = Forgery {
    name: "a store has another value",
    breaks: "I4",
    forge: |evidence, dice| {
        *store(evidence, dice)?.entries.values_mut().next()? = [0xee; 16];
        Some(())
    },
};

pub const STORE_KEEPS_WHAT_WAS_DELETED: Forgery = Forgery {
    name: "a store has a key that was deleted",
    breaks: "I4",
    forge: |evidence, dice| {
        store(evidence, dice)?.entries.insert(b"deleted".to_vec(), [1; 16]);
        Some(())
    },
};

pub const STORE_CLAIMS_NOTHING: Forgery = Forgery {
    name: "a store does not say how far it has come",
    breaks: "I4",
    forge: |evidence, dice| {
        store(evidence, dice)?.reached = None;
        Some(())
    },
};

pub const STORES_ALL_BEHIND: Forgery = Forgery {
    name: "all stopped in order, and no store is caught up",
    breaks: "I4",
    forge: |evidence, _| {
        evidence.copies.as_mut()?.retain(|copy| copy.holder != "processor-0");
        let behind = |copy: &StateCopy| {
            copy.reached < evidence.changelogs[&copy.partition].records.last().map(|r| r.offset)
        };
        evidence.copies.as_ref()?.iter().any(behind).then_some(())
    },
};

pub const GARBAGE: Forgery = Forgery {
    name: "a record does not decode, and nobody put it aside",
    breaks: "values",
    forge: |evidence, _| {
        evidence.undecodable.push(Undecodable {
            topic: "events.enriched".into(),
            place: Place::default(),
            problem: "no frame".into(),
        });
        Some(())
    },
};
