//! Histories from a seed: calls as they happen, and whatever else can be told.

use std::collections::BTreeMap;

use crate::dice::Dice;
use crate::fact::Fact;

const START: i64 = 1_790_000_000_000;
const PARTICIPANTS: [&str; 5] = ["p1", "p2", "p3", "p4", "p5"];
const AGENTS: [&str; 5] = ["agent 1", "agent 2", "agent 3", "agent 4", "agent 5"];
const SESSIONS: [&str; 10] = ["s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10"];
const MEDIA: [&str; 3] = ["voice", "callback", ""];
const DISCONNECTS: [&str; 20] = [
    "transfer",
    "TRANSFER",
    "transfer.consult",
    "TRANSFER_CONSULT",
    "CONSULT_TRANSFER",
    "NO_ANSWER_TRANSFER",
    "transfer.conference",
    "conference.transfer",
    "transfer.forward",
    "client",
    "endpoint",
    "PEER",
    "NOT_AVAILABLE_TRANSFER",
    "transfer.noanswer",
    "transfer.notavailable",
    "noAnswerTransfer",
    "DND_ENDPOINT",
    "consultTransfer",
    "CONFERENCE_TRANSFER",
    "UNCALLABLE",
];
const STATUSES: [&str; 8] =
    ["new", "open", "Closed", "pending", "trashed", "ESCALATED", "resolved", "someday"];
/// Numbers as JSON may write them, and what is no duration.
const NUMBERS: [&str; 14] = [
    "0",
    "3",
    "11",
    "-4",
    "many",
    "7.0",
    "1e1",
    "0.09E2",
    "25e-1",
    "-0",
    "9.99",
    "1e400",
    "9223372036854775808",
    "+5",
];
const DURATIONS: [&str; 7] = [
    "interactingDurationMs",
    "heldDurationMs",
    "alertingDurationMs",
    "contactingDurationMs",
    "dialingDurationMs",
    "callbackDurationMs",
    "connectedDurationMs",
];

/// The facts of a history, in the order in which they come.
pub fn history(seed: u64) -> Vec<Fact> {
    let mut dice = Dice::new(seed.wrapping_mul(7_919));
    let mut facts = match seed % 4 {
        0 => noise(&mut dice),
        1 => case(&mut dice),
        _ => call(&mut dice),
    };
    facts.push(Fact { kind: "message.received", at: START, ..Fact::default() });
    // What is never told, and what is told twice, now and then with more.
    facts.retain(|_| !dice.percent(6));
    let again: Vec<Fact> = facts.iter().filter(|_| dice.percent(5)).cloned().collect();
    for mut fact in again {
        if fact.kind.ends_with("disconnected") && dice.percent(50) {
            fact.told.extend(told(&mut dice));
        }
        facts.push(fact);
    }
    // Within the hold, one may come before another.
    dice.shuffle(&mut facts);
    facts.sort_by_key(|fact| fact.at);
    for at in 1..facts.len() {
        if dice.percent(15) {
            facts.swap(at - 1, at);
        }
    }
    facts
}

/// A call of Genesys: each session has a participant and an id.
fn call(dice: &mut Dice) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut at = START;
    let mut number = 0;
    let lives = dice.between(1, 4) as usize;
    for session in SESSIONS.into_iter().take(lives) {
        let (media, from) = (if dice.percent(80) { "voice" } else { dice.one(&MEDIA) }, at);
        if dice.percent(40) {
            stay(&mut facts, ("flow", session, media), at, at + dice.between(0, 8));
            at += dice.between(0, 8);
        }
        if dice.percent(60) {
            // Longer than it takes some agents not to answer, now and then.
            let left = at + if dice.percent(70) { dice.between(0, 10) } else { dice.between(0, 60) };
            stay(&mut facts, ("queue", session, media), at, left);
            if let Some(end) = facts.last_mut().filter(|_| dice.percent(50)) {
                end.told.insert("answeredUserId", AGENTS[number % 4].to_owned());
            }
            at = if dice.percent(60) { left } else { dice.between(at, left + 1) };
        }
        for _ in 0..dice.between(0, 4) {
            let until = at + dice.between(0, 20);
            agent(&mut facts, dice, number, media, (at, until));
            number += 1;
            // The next one overlaps, follows at once, or later.
            at = match dice.between(0, 3) {
                0 => dice.between(at, until + 1),
                1 => until,
                _ => until + dice.between(0, 4),
            };
        }
        // The customer hangs up while agents are there, or after they have left.
        let until = match dice.between(0, 10) {
            0..6 => at + dice.between(0, 25),
            6 | 7 => at,
            _ => dice.between(from, at + 1),
        };
        let customer =
            |kind, at| Fact { kind, at, participant: "customer", session, media, ..Fact::default() };
        facts.extend([customer("conversation.started", from), customer("conversation.ended", until)]);
        // Somebody else of the customer's, of this medium or another, who comes and goes meanwhile.
        if dice.percent(25) {
            let (from, until) = (dice.between(from, until + 5), dice.between(from, until + 20));
            let media = if dice.percent(70) { media } else { dice.one(&MEDIA) };
            let other =
                |kind, at| Fact { kind, at, participant: "another", session, media, ..Fact::default() };
            facts.extend([other("conversation.started", from), other("conversation.ended", until.max(from))]);
        }
        // What asks the customer how it was.
        if dice.percent(25) {
            let from = until + dice.between(0, 6);
            stay(&mut facts, ("flow", dice.one(&SESSIONS), media), from, from + dice.between(0, 20));
        }
        // What follows overlaps, begins in the same millisecond, or later.
        at = until + if dice.percent(30) { 0 } else { dice.between(0, 30) };
    }
    facts
}

fn stay(
    facts: &mut Vec<Fact>,
    (kind, session, media): (&str, &'static str, &'static str),
    from: i64,
    to: i64,
) {
    let (start, end) =
        if kind == "flow" { ("flow.started", "flow.ended") } else { ("queue.entered", "queue.left") };
    let fact = |kind, at| Fact { kind, at, participant: PARTICIPANTS[4], session, media, ..Fact::default() };
    facts.extend([fact(start, from), fact(end, to)]);
}

/// An agent's session of a call, with whatever belongs to it.
fn agent(facts: &mut Vec<Fact>, dice: &mut Dice, number: usize, media: &'static str, (from, to): (i64, i64)) {
    let participant = PARTICIPANTS[number % 3];
    let session = SESSIONS[number];
    let fact = |kind, at| Fact {
        kind,
        at,
        participant,
        session,
        agent: AGENTS[number % 4],
        media,
        ..Fact::default()
    };
    facts.push(Fact { rings: dice.percent(35), ..fact("participant.connected", from) });
    for _ in 0..dice.between(0, 3) {
        facts.push(snapshot(dice, (participant, session), from));
    }
    facts.push(Fact { told: told(dice), ..fact("participant.disconnected", to) });
    if dice.percent(30) {
        let worked = BTreeMap::from([("wrapupDurationMs", dice.between(0, 9).to_string())]);
        facts.push(Fact { told: worked, ..fact("acw.ended", to + dice.between(0, 9)) });
    }
    if dice.percent(12) {
        let name = dice.one(&["coachingParticipantIds", "monitoringParticipantIds", "bargingParticipantIds"]);
        let named = BTreeMap::from([(name, format!("nobody, {participant}"))]);
        facts.push(Fact { kind: "conversation.updated", at: to, told: named, ..Fact::default() });
    }
}

/// Who is connected, and who is only alerted: by participant and session, or by participant and medium.
fn snapshot(dice: &mut Dice, (participant, session): (&str, &str), at: i64) -> Fact {
    let name = dice.one(&["connectedSessions", "alertingSessions", "alertingSessions"]);
    let told = match dice.between(0, 3) {
        0 => participant.to_owned(),
        1 => format!("{}/{session},{participant}/{session}", PARTICIPANTS[3]),
        _ => format!("{participant}/{session}"),
    };
    let media = dice.one(&MEDIA);
    Fact { kind: "conversation.updated", at, media, told: BTreeMap::from([(name, told)]), ..Fact::default() }
}

/// What the end of an agent's session tells: nothing, all, or that nobody answered.
fn told(dice: &mut Dice) -> BTreeMap<&'static str, String> {
    let mut told = BTreeMap::new();
    match dice.between(0, 5) {
        0 => {}
        4 => {
            told.insert("disconnectType", dice.one(&DISCONNECTS[12..17]).to_owned());
            return told;
        }
        1 => {
            told.insert("alertingDurationMs", dice.between(0, 9).to_string());
            told.insert("interactingDurationMs", "0".to_owned());
        }
        2 => {
            told.insert("interactingDurationMs", dice.between(0, 20).to_string());
            told.insert("heldDurationMs", dice.between(0, 9).to_string());
        }
        _ => {
            for name in DURATIONS {
                if dice.percent(30) {
                    told.insert(name, dice.one(&NUMBERS).to_owned());
                }
            }
        }
    }
    if dice.percent(60) {
        told.insert("disconnectType", dice.one(&DISCONNECTS).to_owned());
    }
    told
}

/// A case of CXone: nothing but the agent has a name.
fn case(dice: &mut Dice) -> Vec<Fact> {
    let mut at = START;
    let mut facts = Vec::new();
    for _ in 0..dice.between(2, 22) {
        at += dice.between(0, 5);
        let kind = dice.one(&[
            "conversation.started",
            "conversation.ended",
            "conversation.status_changed",
            "queue.entered",
            "queue.left",
            "participant.connected",
            "participant.connected",
            "participant.disconnected",
            "message.received",
        ]);
        let mut fact = Fact { kind, at, media: dice.one(&["chat", "chat", ""]), ..Fact::default() };
        if kind == "participant.connected" || kind == "participant.disconnected" && dice.percent(60) {
            fact.agent = dice.one(&AGENTS[..3]);
            let part = dice.between(0, 4);
            match (fact.agent, dice.between(0, 3)) {
                ("", _) | (_, 0) => {}
                // A part of the contact, or a contact of an agent session, which is one agent's.
                (agent, 1) => {
                    fact.told.insert("agentContactId", format!("part {part} of {agent}"));
                }
                (agent, _) => {
                    let of_agent = AGENTS.iter().position(|other| *other == agent).unwrap_or(0);
                    fact.session = SESSIONS[of_agent * 3 + part as usize % 3];
                    fact.agent_session = true;
                }
            }
        }
        if kind == "conversation.status_changed" && dice.percent(80) {
            fact.told.insert("caseStatus", dice.one(&STATUSES).to_owned());
        }
        facts.push(fact);
    }
    facts
}

/// Anything about a few sessions, at a few times.
fn noise(dice: &mut Dice) -> Vec<Fact> {
    let mut facts = Vec::new();
    for _ in 0..dice.between(1, 24) {
        let kind = dice.one(&[
            "conversation.started",
            "conversation.ended",
            "queue.entered",
            "queue.left",
            "flow.started",
            "flow.started",
            "flow.ended",
            "participant.connected",
            "participant.disconnected",
            "participant.connected",
            "participant.disconnected",
            "acw.ended",
            "message.sent",
            "conversation.updated",
        ]);
        let session = dice.between(0, 4) as usize;
        let mut fact = Fact { kind, at: START + dice.between(0, 25), ..Fact::default() };
        (fact.participant, fact.session) = (PARTICIPANTS[session % 3], SESSIONS[session]);
        if kind == "participant.disconnected" && dice.percent(15) {
            // It does not say whose.
            (fact.participant, fact.session) = ("", "");
            fact.told = told(dice);
            facts.push(fact);
            continue;
        }
        // One name has one medium and one agent, though not every fact tells them.
        if dice.percent(80) {
            fact.media = MEDIA[session % 2];
        }
        if (kind.starts_with("participant") || kind == "acw.ended") && dice.percent(90) {
            fact.agent = AGENTS[session];
        }
        match kind {
            "participant.connected" => fact.rings = dice.percent(25),
            "conversation.updated" => fact = snapshot(dice, (fact.participant, fact.session), fact.at),
            "queue.left" => {
                fact.told = told(dice);
                if dice.percent(50) {
                    fact.told.insert("answeredUserId", dice.one(&AGENTS).to_owned());
                }
            }
            "participant.disconnected" => fact.told = told(dice),
            "acw.ended" => {
                fact.told.insert("wrapupDurationMs", dice.one(&NUMBERS).to_owned());
            }
            _ => {}
        }
        facts.push(fact);
    }
    facts
}
