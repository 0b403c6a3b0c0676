//! Events: lost, doubled, out of order, changed.

use apache_avro::types::Value;
use trunkline_verifier::evidence::{DeadLetter, Enriched, Evidence, Fingerprint, MoreFigures, Place};

use super::Forgery;
use crate::dice::Dice;

/// An event of `events.enriched` that is as wanted.
fn some(evidence: &Evidence, dice: &mut Dice, wanted: impl Fn(&Enriched) -> bool) -> Option<usize> {
    let found: Vec<usize> =
        (0..evidence.enriched.len()).filter(|index| wanted(&evidence.enriched[*index])).collect();
    dice.pick(&found).copied()
}

fn any(evidence: &Evidence, dice: &mut Dice) -> Option<usize> {
    some(evidence, dice, |_| true)
}

/// Behind everything else of its partition.
fn at_the_end(evidence: &Evidence, of: &Enriched) -> Enriched {
    let same = |event: &&Enriched| event.fact.place.partition == of.fact.place.partition;
    let last = evidence.enriched.iter().filter(same).map(|event| event.fact.place.offset).max().unwrap_or(0);
    let mut copy = of.clone();
    copy.fact.place.offset = last + 2;
    let of_entity = |event: &&Enriched| event.fact.entity() == of.fact.entity();
    copy.ordering.position = evidence.enriched.iter().filter(of_entity).count() as i64 + 1;
    copy.figures.events = copy.ordering.position;
    copy
}

fn set(fingerprint: &mut Fingerprint, name: &str, value: &Value) {
    *fingerprint = std::mem::take(fingerprint).with(name, value);
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// Two neighbours of one conversation: indices into `events.enriched`.
fn neighbours(
    evidence: &Evidence,
    dice: &mut Dice,
    wanted: impl Fn(&Enriched, &Enriched) -> bool,
) -> Option<(usize, usize)> {
    let events = &evidence.enriched;
    let next = |one: usize| {
        let follows = |other: &usize| {
            events[*other].fact.entity() == events[one].fact.entity()
                && events[*other].ordering.position == events[one].ordering.position + 1
        };
        (0..events.len()).find(follows).map(|other| (one, other))
    };
    let found: Vec<(usize, usize)> = (0..events.len())
        .filter_map(next)
        .filter(|(one, other)| wanted(&events[*one], &events[*other]))
        .collect();
    dice.pick(&found).copied()
}

pub const LOST: Forgery = Forgery {
    name: "an event is lost",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        evidence.enriched.remove(index);
        Some(())
    },
};

pub const STATE_THAT_RETURNED_LOST: Forgery = Forgery {
    name: "a state that was left and returned to is taken for a repetition",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.possible_repeat)?;
        let lost = evidence.enriched.remove(index);
        // As if it had never had a position.
        for event in &mut evidence.enriched {
            if event.fact.entity() == lost.fact.entity() && event.ordering.position > lost.ordering.position {
                event.ordering.position -= 1;
                event.figures.events -= 1;
            }
        }
        Some(())
    },
};

pub const MARK_OF_A_REPETITION_FORGED: Forgery = Forgery {
    name: "a possible repetition is not marked, or something new is",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let event = &mut evidence.enriched[index];
        event.possible_repeat = !event.possible_repeat;
        Some(())
    },
};

pub const LOST_BEHIND_A_DEAD_LETTER_OF_ANOTHER: Forgery = Forgery {
    name: "an event is lost, and a dead letter lies about another record",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let lost = evidence.enriched.remove(index);
        evidence.dead_letters.push(DeadLetter {
            topic: "processor.dlq".into(),
            code: "TL-3001".into(),
            origin: Some(("events.normalized".into(), Place { offset: 99_999, ..lost.fact.place })),
            value: lost.fact.value,
        });
        Some(())
    },
};

pub const LOST_BEHIND_ITS_OWN_DEAD_LETTER: Forgery = Forgery {
    name: "an event that can be read lies in the dead letters instead",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let lost = evidence.enriched.remove(index);
        let first = evidence.normalized.iter().find(|fact| fact.identity() == lost.fact.identity())?;
        evidence.dead_letters.push(DeadLetter {
            topic: "processor.dlq".into(),
            code: "TL-3007".into(),
            origin: Some(("events.normalized".into(), first.place)),
            value: first.value,
        });
        Some(())
    },
};

pub const DOUBLED: Forgery = Forgery {
    name: "an event is there twice",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let copy = at_the_end(evidence, &evidence.enriched[index]);
        evidence.enriched.push(copy);
        Some(())
    },
};

pub const DOUBLED_AND_CALLED_OLD: Forgery = Forgery {
    name: "an event is there twice, marked as older than the window",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let copy = Enriched { dedup_unknown: true, ..at_the_end(evidence, &evidence.enriched[index]) };
        evidence.enriched.push(copy);
        Some(())
    },
};

pub const INVENTED: Forgery = Forgery {
    name: "an event that never came in comes out",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let mut copy = at_the_end(evidence, &evidence.enriched[index]);
        copy.fact.event_id = "invented".into();
        evidence.enriched.push(copy);
        Some(())
    },
};

pub const CALLED_OLD: Forgery = Forgery {
    name: "a young event is marked as older than the window",
    breaks: "I2",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| !event.dedup_unknown)?;
        evidence.enriched[index].dedup_unknown = true;
        Some(())
    },
};

pub const ONE_ID_OF_TWO_ENTITIES: Forgery = Forgery {
    name: "two events of different conversations have one id",
    breaks: "I2",
    forge: |evidence, dice| {
        let one = any(evidence, dice)?;
        let id = evidence.enriched[one].fact.event_id.clone();
        let key = evidence.enriched[one].fact.key.clone();
        let other = some(evidence, dice, |event| event.fact.key != key)?;
        let old = std::mem::replace(&mut evidence.enriched[other].fact.event_id, id.clone());
        evidence
            .normalized
            .iter_mut()
            .filter(|fact| fact.event_id == old)
            .for_each(|fact| fact.event_id = id.clone());
        Some(())
    },
};

pub const SWAPPED: Forgery = Forgery {
    name: "two events of a conversation change places",
    breaks: "I3",
    forge: |evidence, dice| {
        let (one, other) = neighbours(evidence, dice, |one, other| {
            let in_order =
                !other.ordering.late && !one.ordering.late && one.fact.event_time < other.fact.event_time;
            in_order && one.ordering.mode != "SEQUENCED"
        })?;
        let places = (evidence.enriched[one].fact.place, evidence.enriched[other].fact.place);
        (evidence.enriched[one].fact.place, evidence.enriched[other].fact.place) = (places.1, places.0);
        // Positions agree with the new order: only the order itself gives it away.
        let positions =
            (evidence.enriched[one].ordering.position, evidence.enriched[other].ordering.position);
        evidence.enriched[one].ordering.position = positions.1;
        evidence.enriched[other].ordering.position = positions.0;
        Some(())
    },
};

pub const HOLE: Forgery = Forgery {
    name: "a conversation has a hole",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let (key, position) =
            (evidence.enriched[index].fact.key.clone(), evidence.enriched[index].ordering.position);
        for event in &mut evidence.enriched {
            event.ordering.position +=
                i64::from(event.fact.key == key && event.ordering.position >= position);
        }
        Some(())
    },
};

pub const POSITION_REPEATED: Forgery = Forgery {
    name: "two events of a conversation have one position",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.ordering.position > 1)?;
        evidence.enriched[index].ordering.position -= 1;
        Some(())
    },
};

pub const IN_TWO_PARTITIONS: Forgery = Forgery {
    name: "a conversation is in two partitions",
    breaks: "I3",
    forge: |evidence, dice| {
        let (_, other) = neighbours(evidence, dice, |_, _| true)?;
        let key = evidence.enriched[other].fact.key.clone();
        let position = evidence.enriched[other].ordering.position;
        let moved = |event: &&mut Enriched| event.fact.key == key && event.ordering.position >= position;
        evidence.enriched.iter_mut().filter(moved).for_each(|event| event.fact.place.partition += 10);
        Some(())
    },
};

pub const LATE_UNMARKED: Forgery = Forgery {
    name: "a straggler is not marked late",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.ordering.late)?;
        evidence.enriched[index].ordering.late = false;
        Some(())
    },
};

pub const LATE_WITHOUT_REASON: Forgery = Forgery {
    name: "an event in its place is marked late",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| !event.ordering.late)?;
        evidence.enriched[index].ordering.late = true;
        Some(())
    },
};

pub const LATE_THOUGH_IN_TIME: Forgery = Forgery {
    name: "an event is marked late that had come before the hold of any other was over",
    breaks: "I3",
    forge: |evidence, dice| {
        let late = some(evidence, dice, |event| event.ordering.late && event.ordering.mode == "SORTED")?;
        let (id, source) =
            (evidence.enriched[late].fact.event_id.clone(), evidence.enriched[late].fact.key.clone());
        // Everything else of the conversation had come at the same time.
        let same = |key: &String| *key == source;
        let taken_in = evidence.enriched[late].fact.ingest_time;
        evidence
            .normalized
            .iter_mut()
            .filter(|fact| same(&fact.key))
            .for_each(|fact| (fact.ingest_time, fact.timestamp) = (taken_in, taken_in));
        for event in evidence.enriched.iter_mut().filter(|event| same(&event.fact.key)) {
            event.fact.ingest_time = taken_in;
            event.fact.timestamp = taken_in;
        }
        for line in evidence.ledger.iter_mut().flatten().filter(|line| line.event_ids.contains(&id)) {
            line.answered_at = taken_in as f64 + 1.0;
        }
        Some(())
    },
};

pub const GAP_WITHOUT_REASON: Forgery = Forgery {
    name: "a gap is marked where there is none",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| !event.ordering.gap_before)?;
        evidence.enriched[index].ordering.gap_before = true;
        Some(())
    },
};

pub const GAP_UNMARKED: Forgery = Forgery {
    name: "a gap is not marked",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.ordering.gap_before)?;
        evidence.enriched[index].ordering.gap_before = false;
        Some(())
    },
};

pub const ANOTHER_MODE: Forgery = Forgery {
    name: "an event was put in order as those of another source",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let ordering = &mut evidence.enriched[index].ordering;
        ordering.mode = if ordering.mode == "SORTED" { "CAUSAL" } else { "SORTED" }.into();
        Some(())
    },
};

pub const NUMBER_CHANGED: Forgery = Forgery {
    name: "the source's number of an event is another",
    breaks: "I3",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.fact.sequence.is_some())?;
        let number = evidence.enriched[index].fact.sequence.as_mut()?;
        *number += 50;
        Some(())
    },
};

pub const PAYLOAD_EMPTIED: Forgery = Forgery {
    name: "the payload is replaced by {}",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        set(&mut evidence.enriched[index].fact.fields, "data", &text("{}"));
        Some(())
    },
};

pub const ATTRIBUTES_GONE: Forgery = Forgery {
    name: "the attributes are gone",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        set(&mut evidence.enriched[index].fact.fields, "attributes", &Value::Map(Default::default()));
        Some(())
    },
};

pub const FIELD_CUT: Forgery = Forgery {
    name: "a field is cut",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        let fields = &mut evidence.enriched[index].fact.fields;
        *fields = std::mem::take(fields).without("agentId");
        Some(())
    },
};

pub const FIELD_RELABELLED: Forgery = Forgery {
    name: "an event is of another queue",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        set(&mut evidence.enriched[index].fact.fields, "queueId", &text("another"));
        Some(())
    },
};

pub const RECORD_RETIMED: Forgery = Forgery {
    name: "a record has another time",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = any(evidence, dice)?;
        evidence.enriched[index].fact.timestamp += 1;
        Some(())
    },
};

pub const CUSTOMER_EXCHANGED: Forgery = Forgery {
    name: "an event is of another customer",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.fact.customer_id.is_some())?;
        evidence.enriched[index].fact.customer_id = Some("C-000009".into());
        Some(())
    },
};

pub const CUSTOMER_FORGOTTEN: Forgery = Forgery {
    name: "the customer of a conversation is forgotten",
    breaks: "fields",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.fact.customer_id.is_some())?;
        evidence.enriched[index].fact.customer_id = None;
        Some(())
    },
};

pub const QUEUED_TOO_LONG: Forgery = Forgery {
    name: "a conversation waited a millisecond longer",
    breaks: "figures",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.figures.queued_ms.is_some())?;
        *evidence.enriched[index].figures.queued_ms.as_mut()? += 1;
        Some(())
    },
};

pub const STALE_STATE: Forgery = Forgery {
    name: "the state of a conversation is that of before",
    breaks: "figures",
    forge: |evidence, dice| {
        let (one, other) = neighbours(evidence, dice, |one, other| one.figures.state != other.figures.state)?;
        evidence.enriched[other].figures.state = evidence.enriched[one].figures.state.clone();
        Some(())
    },
};

pub const TRANSFER_UNCOUNTED: Forgery = Forgery {
    name: "a transfer is not counted",
    breaks: "figures",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| event.figures.transfers > 0)?;
        evidence.enriched[index].figures.transfers -= 1;
        Some(())
    },
};

pub const MISSED_CALL_HANDLED: Forgery = Forgery {
    name: "an agent who did not answer handled a call",
    breaks: "figures",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| {
            event.figures.handled_ms == Some(0)
                && event.figures.more.as_ref().is_some_and(|more| more.unanswered > Some(0))
        })?;
        evidence.enriched[index].figures.handled_ms = Some(15_000);
        Some(())
    },
};

pub const REOPENED_UNCOUNTED: Forgery = Forgery {
    name: "a conversation that lives again is not counted as reopened",
    breaks: "figures",
    forge: |evidence, dice| {
        let reopened = |more: &MoreFigures| more.reopened > Some(0);
        let index = some(evidence, dice, |event| event.figures.more.as_ref().is_some_and(reopened))?;
        evidence.enriched[index].figures.more.as_mut()?.reopened = Some(0);
        Some(())
    },
};

pub const CONSULT_CALLED_TRANSFER: Forgery = Forgery {
    name: "a consult counts as an attended transfer",
    breaks: "figures",
    forge: |evidence, dice| {
        let consulted = |more: &MoreFigures| more.consults > Some(0);
        let index = some(evidence, dice, |event| event.figures.more.as_ref().is_some_and(consulted))?;
        let figures = &mut evidence.enriched[index].figures;
        figures.transfers += 1;
        let more = figures.more.as_mut()?;
        (more.consults, more.attended_transfers) = (Some(0), Some(1));
        Some(())
    },
};

pub const FIGURES_OF_AN_AGENT: Forgery = Forgery {
    name: "an agent's state has figures of a conversation",
    breaks: "figures",
    forge: |evidence, dice| {
        let index = some(evidence, dice, |event| !event.fact.is_conversational())?;
        evidence.enriched[index].figures.handled_ms = Some(0);
        Some(())
    },
};
