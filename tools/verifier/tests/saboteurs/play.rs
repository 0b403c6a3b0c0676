//! What happens, how it arrives, and in which order a pipeline that does everything right lets it out.

use std::collections::BTreeMap;

use trunkline_verifier::conversation::{Conversation, Model};
use trunkline_verifier::evidence::{Fact, Figures, Told};

use crate::dice::Dice;

/// When everything begins; UTC milliseconds.
pub const START: i64 = 1_790_000_000_000;
pub const HOLD: i64 = 500;
pub const PARTITIONS: i64 = 3;
/// An event that happened longer ago than this is beyond the window in which ids are remembered.
pub const WINDOW: i64 = 5 * 24 * 3_600_000;

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: String,
    pub key: String,
    /// The conversation; an agent's state has none.
    pub conversation: Option<String>,
    pub customer: Option<String>,
    pub agent: Option<String>,
    /// Whose session it is about.
    pub participant: Option<String>,
    /// What the platform tells besides.
    pub told: BTreeMap<String, String>,
    pub event_type: &'static str,
    /// The source decides the mode.
    pub source: &'static str,
    pub at: i64,
    pub sequence: Option<i64>,
    /// What it says, where its id does not name that.
    pub content: Option<String>,
    /// Whether that was said lately.
    pub returns: bool,
}

/// An event on its arrival.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub event: Event,
    pub at: i64,
}

/// An event on its way out.
#[derive(Debug, Clone)]
pub struct Emitted {
    pub event: Event,
    pub arrived_at: i64,
    pub at: i64,
    pub late: bool,
    pub gap_before: bool,
    pub position: i64,
    /// The conversation after it.
    pub figures: Figures,
}

/// A whole run, in the order of time.
pub struct Played {
    pub arrivals: Vec<Arrived>,
    pub emissions: Vec<Emitted>,
}

/// Plays a few conversations and agents.
pub fn play(dice: &mut Dice) -> Played {
    let mut arrivals = Vec::new();
    for number in 0..dice.between(4, 9) {
        conversation(number, dice, &mut arrivals);
    }
    for number in 0..dice.between(1, 4) {
        agent(number, dice, &mut arrivals);
    }
    arrivals.sort_by_key(|arrived| arrived.at);
    let mut by_entity: BTreeMap<String, Vec<Arrived>> = BTreeMap::new();
    for arrived in &arrivals {
        let known = by_entity.entry(arrived.event.key.clone()).or_default();
        // A repeat has no effect.
        if known.iter().all(|other| other.event.id != arrived.event.id) {
            known.push(arrived.clone());
        }
    }
    let mut emissions: Vec<Emitted> = by_entity.into_values().flat_map(released).collect();
    emissions.sort_by_key(|emitted| emitted.at);
    Played { arrivals, emissions }
}

fn conversation(number: i64, dice: &mut Dice, arrivals: &mut Vec<Arrived>) {
    let name = format!("c{number}");
    let source = ["bridge", "chat", "numbered"][dice.between(0, 3) as usize];
    let customer = dice.percent(80).then(|| format!("C-{:06}", dice.between(1, 6)));
    let script = script(dice);
    let mut at = START + dice.between(0, 20_000);
    // Very old history now and then: a replay of a week ago.
    let age = if dice.percent(15) { WINDOW + 60_000 } else { 0 };
    let mut in_order = at;
    for (index, step) in script.into_iter().enumerate() {
        // Also several things in one millisecond.
        at += if dice.percent(10) { 0 } else { dice.between(1, 900) };
        let event = Event {
            id: format!("{name}-{index}"),
            key: format!("genesys/org/{name}"),
            conversation: Some(name.clone()),
            customer: customer.clone().filter(|_| index == 0 || dice.percent(30)),
            agent: step.agent.map(|agent| format!("a{agent}")),
            participant: Some(step.participant),
            told: step.told.into_iter().map(|(name, told)| (name.to_owned(), told.to_owned())).collect(),
            event_type: step.event_type,
            source,
            at: at - age,
            sequence: (source == "numbered").then_some(index as i64 + 1),
            content: None,
            returns: false,
        };
        let delay = match dice.between(0, 100) {
            0..70 => 3,
            70..90 => dice.between(3, 400),
            _ => dice.between(400, 2_000),
        };
        // One source's channel mostly keeps its order; never are two arrivals in the same millisecond.
        let mut arrived = at + delay;
        if delay == 3 {
            arrived = arrived.max(in_order + 1);
            in_order = arrived;
        }
        while arrivals.iter().any(|other| other.at == arrived) {
            arrived += 1;
        }
        if dice.percent(8) {
            arrivals.push(Arrived { event: event.clone(), at: arrived + dice.between(1, 5) * 1_000 });
        }
        arrivals.push(Arrived { event, at: arrived });
    }
}

/// One event of a conversation.
struct Step {
    event_type: &'static str,
    participant: String,
    agent: Option<i64>,
    told: Vec<(&'static str, &'static str)>,
}

/// What happens in a conversation: one or two agents, one of whom may not answer, or be asked by the other; and perhaps
/// the beginning of another life after its end.
fn script(dice: &mut Dice) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |event_type, participant: &str, agent, told: &[(&'static str, &'static str)]| {
        steps.push(Step { event_type, participant: participant.to_owned(), agent, told: told.to_vec() });
    };
    let (first, second) = (dice.between(0, 3), dice.between(0, 3));
    step("conversation.started", "customer", None, &[]);
    step("queue.entered", "queue", None, &[]);
    if dice.percent(20) {
        step("participant.connected", "missed", Some(first), &[]);
        let alerted = [("alertingDurationMs", "15000"), ("interactingDurationMs", "0")];
        step("participant.disconnected", "missed", Some(first), &alerted);
    }
    step("participant.connected", "first", Some(first), &[]);
    (0..dice.between(0, 4)).for_each(|_| step("message.received", "customer", None, &[]));
    if dice.percent(20) {
        step("participant.connected", "asked", Some(second + 3), &[]);
        step("participant.disconnected", "asked", Some(second + 3), &[("disconnectType", "client")]);
    }
    step("participant.disconnected", "first", Some(first), &[("disconnectType", "transfer")]);
    if dice.percent(50) {
        step("participant.connected", "second", Some(second), &[]);
        let told = [("interactingDurationMs", "41000"), ("heldDurationMs", "700")];
        step("participant.disconnected", "second", Some(second), &told);
    }
    step("conversation.ended", "customer", None, &[]);
    if dice.percent(30) {
        step("conversation.started", "customer again", None, &[]);
    }
    steps
}

fn agent(number: i64, dice: &mut Dice, arrivals: &mut Vec<Arrived>) {
    let mut at = START + dice.between(0, 10_000);
    for index in 0..dice.between(2, 5) {
        at += dice.between(500, 3_000);
        let event = Event {
            id: format!("agent{number}-{index}"),
            key: format!("genesys/org/agent{number}"),
            conversation: None,
            customer: None,
            agent: Some(format!("a{number}")),
            participant: None,
            told: BTreeMap::new(),
            event_type: "agent.state_changed",
            source: "bridge",
            at,
            sequence: None,
            // On and off and on again.
            content: Some(format!("agent{number}-{}", index % 2)),
            returns: index >= 2,
        };
        arrivals.push(Arrived { event, at: at + 5 });
    }
}

impl Event {
    /// As the judge reads it.
    fn fact(&self) -> Fact {
        let about_a_session = self.conversation.is_some() && !self.event_type.starts_with("message");
        let media_type = Some("voice".to_owned());
        let told = Told { media_type, direction: None, attributes: self.told.clone() };
        Fact {
            event_type: self.event_type.to_owned(),
            event_time: self.at,
            agent_id: self.agent.clone(),
            participant_id: self.participant.clone(),
            told: about_a_session.then(|| Box::new(told)),
            ..Fact::default()
        }
    }
}

/// What one entity's channel lets out, and when. Time passes in milliseconds, and nothing stalls.
fn released(arrivals: Vec<Arrived>) -> Vec<Emitted> {
    let end = arrivals.last().map_or(START, |arrived| arrived.at) + HOLD + 1;
    let mut lane = Lane::default();
    let mut waiting: Vec<Arrived> = Vec::new();
    let mut coming = arrivals.into_iter().peekable();
    let mut now = coming.peek().map_or(end, |arrived| arrived.at);
    while now <= end {
        // Holds end before what comes in the same millisecond is read.
        lane.let_out(&mut waiting, now);
        if let Some(arrived) = coming.next_if(|arrived| arrived.at == now) {
            waiting.push(arrived);
            lane.let_out(&mut waiting, now);
        }
        now += 1;
    }
    lane.emitted
}

/// The place of an event among those of its millisecond.
fn place(event_type: &str) -> i64 {
    match event_type {
        "conversation.started" => 0,
        "conversation.ended" => 2,
        _ => 1,
    }
}

/// One entity with what came out of it.
#[derive(Default)]
struct Lane {
    emitted: Vec<Emitted>,
    conversation: Conversation,
    model: Model,
    furthest: Option<i64>,
    next_sequence: Option<i64>,
}

impl Lane {
    fn let_out(&mut self, waiting: &mut Vec<Arrived>, now: i64) {
        while let Some(index) = self.at_once(waiting).or_else(|| self.next(waiting, now)) {
            let arrived = waiting.remove(index);
            self.emit(arrived, now);
        }
    }

    /// What may go although it just came: a straggler, a cause that was waited for, the next number.
    fn at_once(&self, waiting: &[Arrived]) -> Option<usize> {
        waiting.iter().position(|arrived| {
            let event = &arrived.event;
            match event.source {
                "bridge" => self.furthest.is_some_and(|furthest| event.at < furthest),
                "chat" => self.conversation.admits(event.event_type, event.participant.as_deref()),
                _ => event.sequence.is_some_and(|sequence| sequence <= self.next_sequence.unwrap_or(1)),
            }
        })
    }

    /// What may go because a hold is over.
    fn next(&self, waiting: &[Arrived], now: i64) -> Option<usize> {
        let due = |arrived: &Arrived| arrived.at + HOLD <= now;
        if !waiting.iter().any(due) {
            return None;
        }
        let turn = |arrived: &Arrived| match arrived.event.source {
            "bridge" => (arrived.event.at, place(arrived.event.event_type), arrived.at),
            "chat" => (if due(arrived) { 0 } else { 1 }, 0, arrived.at),
            _ => (arrived.event.sequence.unwrap_or(0), 0, arrived.at),
        };
        (0..waiting.len()).min_by_key(|index| turn(&waiting[*index]))
    }

    fn emit(&mut self, arrived: Arrived, now: i64) {
        let Arrived { event, at: arrived_at } = arrived;
        let behind = self.furthest.is_some_and(|furthest| event.at < furthest);
        let (late, gap_before) = match (event.source, event.sequence) {
            ("numbered", Some(sequence)) => {
                let next = self.next_sequence.unwrap_or(1);
                self.next_sequence = Some(next.max(sequence + 1));
                (sequence < next, sequence > next)
            }
            ("chat", _) => {
                (behind, !self.conversation.admits(event.event_type, event.participant.as_deref()))
            }
            _ => (behind, false),
        };
        self.furthest = self.furthest.max(Some(event.at));
        self.conversation.take(event.event_type, event.participant.as_deref());
        self.model.take(&event.fact());
        let position = self.emitted.len() as i64 + 1;
        let figures = self.model.figures().clone();
        self.emitted.push(Emitted { event, arrived_at, at: now, late, gap_before, position, figures });
    }
}
