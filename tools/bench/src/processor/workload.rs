//! The input: conversations of a contact centre as ingest writes them, from a seed, many at a time.
//!
//! Everything follows from the settings, so every contender gets the same bytes in the same order.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::iter::StepBy;
use std::ops::Range;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use trunkline_schemas::event_id::event_id;
use trunkline_schemas::event_type as et;
use trunkline_schemas::{EventTimeSource, PlatformEvent, SourceInfo};
use uuid::Uuid;

/// The source that the events come from, as configured.
pub const SOURCE: &str = "genesys-eventbridge";
/// The tenant.
pub const ORG: &str = "32aa07aa-db1b-4987-abd0-9483601ec29d";
/// Customers `C-000001` to this number call; every simulated CRM knows them.
pub const CUSTOMERS: u64 = 500;

/// Share of events that come twice.
const DUPLICATES: f64 = 0.01;
/// Share of events that the next one of their conversation overtakes.
const OVERTAKEN: f64 = 0.01;
/// An overtaken event, or a duplicate, comes at most so many events late: less than the hold at one event a
/// millisecond.
const LATE_BY_MAX: usize = 200;
/// Share of conversations that go to a second agent.
const TRANSFERRED: u64 = 15;

/// Which conversations to play, and how far.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Numbers of the conversations, in the order they begin.
    pub conversations: Range<u64>,
    /// Every how many-th of them is played; 1 for all.
    pub every: usize,
    /// Which of their steps are played; the first is 0.
    pub steps: Range<usize>,
    /// Conversations under way at the same time.
    pub active: usize,
    /// When ingest took in the first event, UTC milliseconds.
    pub start_ms: i64,
    /// How many events a second it took in from then on.
    pub per_second: u64,
    /// Whether some events come twice, and some out of order.
    pub disorder: bool,
    /// Seed of the order, of duplicates and of overtaking.
    pub seed: u64,
}

/// The events, in the order they are written.
#[derive(Debug)]
pub struct Workload {
    settings: Settings,
    numbers: StepBy<Range<u64>>,
    dice: Xoshiro256PlusPlus,
    active: Vec<Playing>,
    /// Events that come later than their turn, by the number of the event they follow.
    late: VecDeque<(u64, PlatformEvent)>,
    written: u64,
}

#[derive(Debug)]
struct Playing {
    conversation: u64,
    next: usize,
    end: usize,
}

// === impl Workload ===

impl Workload {
    /// Begins.
    pub fn new(settings: Settings) -> Self {
        let mut numbers = settings.conversations.clone().step_by(settings.every.max(1));
        let active =
            numbers.by_ref().take(settings.active.max(1)).map(|c| Playing::of(c, &settings.steps)).collect();
        let dice = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
        Self { settings, numbers, dice, active, late: VecDeque::new(), written: 0 }
    }

    fn now(&self) -> i64 {
        let after = self.written * 1_000 / self.settings.per_second.max(1);
        self.settings.start_ms + i64::try_from(after).unwrap_or(i64::MAX / 2)
    }

    fn delay(&mut self) -> u64 {
        self.written + 1 + self.dice.random_range(0..LATE_BY_MAX as u64)
    }

    fn put_off(&mut self, until: u64, event: PlatformEvent) {
        let at = self.late.partition_point(|(due, _)| *due <= until);
        self.late.insert(at, (until, event));
    }

    /// The next event of a conversation under way, drawn at random.
    fn play(&mut self) -> Option<PlatformEvent> {
        if self.active.is_empty() {
            return None;
        }
        let slot = self.dice.random_range(0..self.active.len());
        let playing = &mut self.active[slot];
        let Playing { conversation, next, end } = *playing;
        let overtaken = self.settings.disorder && next + 1 < end && self.dice.random_bool(OVERTAKEN);
        playing.next += if overtaken { 2 } else { 1 };
        if playing.next >= end {
            match self.numbers.next() {
                Some(number) => self.active[slot] = Playing::of(number, &self.settings.steps),
                None => {
                    self.active.swap_remove(slot);
                }
            }
        }
        let now = self.now();
        if overtaken {
            let until = self.delay();
            self.put_off(until, event(conversation, next, now));
            return Some(event(conversation, next + 1, now + 1));
        }
        Some(event(conversation, next, now))
    }
}

impl Iterator for Workload {
    type Item = PlatformEvent;

    fn next(&mut self) -> Option<PlatformEvent> {
        let due = self.late.front().is_some_and(|(due, _)| *due <= self.written);
        let mut next = if due { None } else { self.play() };
        if next.is_none() {
            next = self.late.pop_front().map(|(_, event)| event);
        } else if self.settings.disorder
            && self.dice.random_bool(DUPLICATES)
            && let Some(event) = &next
        {
            let mut again = event.clone();
            let until = self.delay();
            again.source.transport_id = Some(uuid(until, 9));
            self.put_off(until, again);
        }
        let mut event = next?;
        event.ingest_time = self.now();
        self.written += 1;
        Some(event)
    }
}

// === impl Playing ===

impl Playing {
    fn of(conversation: u64, steps: &Range<usize>) -> Self {
        let end = script(conversation).len().min(steps.end);
        Self { conversation, next: steps.start.min(end.saturating_sub(1)), end }
    }
}

/// How many events all steps of a conversation are.
pub fn length(conversation: u64) -> usize {
    script(conversation).len()
}

const PLAIN: &[(&str, &str)] = &[
    (et::CONVERSATION_STARTED, "customer.start"),
    (et::FLOW_STARTED, "flow.start"),
    (et::CONVERSATION_ATTRIBUTES_CHANGED, "attributes"),
    (et::FLOW_OUTCOME, "flow.outcome"),
    (et::FLOW_ENDED, "flow.end"),
    (et::QUEUE_ENTERED, "acd.start"),
    (et::QUEUE_LEFT, "acd.end"),
    (et::PARTICIPANT_CONNECTED, "user.start"),
    (et::CONVERSATION_ATTRIBUTES_CHANGED, "attributes"),
    (et::PARTICIPANT_DISCONNECTED, "user.end"),
    (et::CONVERSATION_ENDED, "customer.end"),
    (et::WRAPUP_APPLIED, "wrapup"),
    (et::ACW_ENDED, "acw"),
];

const WITH_TRANSFER: &[(&str, &str)] = &[
    (et::CONVERSATION_STARTED, "customer.start"),
    (et::FLOW_STARTED, "flow.start"),
    (et::FLOW_OUTCOME, "flow.outcome"),
    (et::FLOW_ENDED, "flow.end"),
    (et::QUEUE_ENTERED, "acd.start"),
    (et::QUEUE_LEFT, "acd.end"),
    (et::PARTICIPANT_CONNECTED, "user.start"),
    (et::CONVERSATION_ATTRIBUTES_CHANGED, "attributes"),
    (et::PARTICIPANT_DISCONNECTED, "user.end"),
    (et::WRAPUP_APPLIED, "wrapup"),
    (et::QUEUE_ENTERED, "acd.start"),
    (et::QUEUE_LEFT, "acd.end"),
    (et::PARTICIPANT_CONNECTED, "user.start"),
    (et::PARTICIPANT_DISCONNECTED, "user.end"),
    (et::CONVERSATION_ENDED, "customer.end"),
    (et::WRAPUP_APPLIED, "wrapup"),
    (et::ACW_ENDED, "acw"),
];

fn script(conversation: u64) -> &'static [(&'static str, &'static str)] {
    if mix(conversation, 1) % 100 < TRANSFERRED { WITH_TRANSFER } else { PLAIN }
}

/// Whose step of a conversation it is: 0 for the customer, and a number of its own for each flow, each stay in a queue
/// and each agent, as Genesys gives each of them a participant and a session that last from its start to its end.
fn leg(conversation: u64, step: usize) -> u64 {
    let steps = script(conversation);
    let kind = |step: usize| match steps.get(step).map_or("", |(_, suffix)| *suffix) {
        "wrapup" | "acw" => "user",
        suffix => suffix.split_once('.').map_or("customer", |(kind, _)| kind),
    };
    let mine = kind(step);
    if mine == "customer" {
        return 0;
    }
    let begins = |at: &usize| kind(*at) == mine && steps[*at].1.ends_with(".start");
    (0..=step).rev().find(begins).map_or(0, |at| at as u64 + 1)
}

/// One step of a conversation, as ingest maps the platform's event of that kind.
fn event(conversation: u64, step: usize, at: i64) -> PlatformEvent {
    let (event_type, suffix) = script(conversation).get(step).copied().unwrap_or(("platform.event", ""));
    let text = |text: String| Some(text);
    let id = uuid(conversation, 2);
    let customer = format!("C-{:06}", 1 + mix(conversation, 3) % CUSTOMERS);
    let leg = leg(conversation, step);
    let participant = uuid(conversation, 100 + leg);
    let session = uuid(conversation, 200 + leg);
    let agent = suffix.starts_with("user") || event_type == et::WRAPUP_APPLIED || event_type == et::ACW_ENDED;
    // Agents of a transferred conversation differ before and after the second queue.
    let agent_id = agent.then(|| uuid(mix(conversation, 4 + u64::from(step > 10)) % 200, 5));
    let queue_id = (agent || suffix.starts_with("acd")).then(|| uuid(mix(conversation, 6) % 20, 7));
    let phone = format!("tel:+1317{:07}", 2_000_000 + mix(conversation, 3) % CUSTOMERS);
    let source_type = format!("v2.detail.events.conversation.{{id}}.{suffix}");
    let correlation_id = uuid(conversation, 300 + step as u64);
    let about_agent = match (&agent_id, &queue_id) {
        (Some(agent), Some(queue)) => format!(r#","userId":"{agent}","queueId":"{queue}""#),
        (None, Some(queue)) => format!(r#","queueId":"{queue}""#),
        _ => String::new(),
    };
    let data = format!(
        r#"{{"version":"0","detail-type":"{source_type}","region":"us-east-1","detail":{{"eventBody":{{"eventTime":{at},"conversationId":"{id}","participantId":"{participant}","sessionId":"{session}","mediaType":"VOICE","direction":"INBOUND","ani":"{phone}","dnis":"tel:+13175550100","externalContactId":"{customer}"{about_agent}}},"metadata":{{"CorrelationId":"{correlation_id}"}}}}}}"#
    );
    PlatformEvent {
        event_id: event_id("genesys", ORG, &source_type, &[&id, &participant, &step.to_string()]),
        event_type: event_type.to_owned(),
        source_type,
        platform: "genesys".to_owned(),
        org_id: ORG.to_owned(),
        entity_type: "conversation".to_owned(),
        entity_id: id.clone(),
        conversation_id: text(id),
        contact_id: None,
        flow_session_id: event_type.starts_with("flow.").then(|| session.clone()),
        participant_id: text(participant),
        agent_id,
        queue_id,
        // As on Genesys, the agents' events do not say whose call it is.
        customer_id: (!agent).then_some(customer),
        media_type: text("voice".to_owned()),
        direction: text("inbound".to_owned()),
        event_time: at,
        event_time_source: EventTimeSource::Platform,
        ingest_time: at,
        sequence: None,
        correlation_id,
        source: SourceInfo {
            name: SOURCE.to_owned(),
            kind: SOURCE.to_owned(),
            channel: "eventbridge".to_owned(),
            transport_id: text(uuid(conversation, 400 + step as u64)),
            adapter: "genesys-eventbridge/1".to_owned(),
            schema_version: "1".to_owned(),
            backfilled: false,
        },
        attributes: BTreeMap::from([
            ("provider".to_owned(), "Edge".to_owned()),
            ("ani".to_owned(), phone),
            ("dnis".to_owned(), "tel:+13175550100".to_owned()),
            ("sessionId".to_owned(), session),
        ]),
        tenant_attributes: BTreeMap::new(),
        attributes_cut: false,
        redacted: Vec::new(),
        content_id: None,
        data,
    }
}

/// A number that depends on `number` and what it is for (SplitMix64).
fn mix(number: u64, purpose: u64) -> u64 {
    let mut z =
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(purpose.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn uuid(number: u64, purpose: u64) -> String {
    let bits = u128::from(mix(number, purpose)) << 64 | u128::from(mix(number, purpose ^ 0x5555));
    uuid::Builder::from_u128(bits).with_version(uuid::Version::Random).into_uuid().hyphenated().to_string()
}

/// A trace that began in ingest.
pub fn traceparent(event: &PlatformEvent, written: u64) -> String {
    let bits = Uuid::parse_str(&event.event_id).map_or(1, |id| id.as_u128());
    format!("00-{bits:032x}-{:016x}-01", mix(written, 8) | 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn settings(conversations: Range<u64>) -> Settings {
        Settings {
            conversations,
            every: 1,
            steps: 0..usize::MAX,
            active: 100,
            start_ms: 1_000_000,
            per_second: 1_000,
            disorder: true,
            seed: 7,
        }
    }

    #[test]
    fn every_step_of_every_conversation_comes_once_but_for_duplicates() {
        let events: Vec<PlatformEvent> = Workload::new(settings(0..2_000)).collect();
        let mut times: HashMap<&str, usize> = HashMap::new();
        for event in &events {
            *times.entry(&event.event_id).or_default() += 1;
        }
        let expected: usize = (0..2_000).map(length).sum();
        assert_eq!(times.len(), expected);
        assert!(times.values().all(|times| *times <= 2));
        let twice = times.values().filter(|times| **times == 2).count() as f64 / expected as f64;
        assert!((0.008..0.012).contains(&twice), "{twice}");
        assert!(events.windows(2).all(|pair| pair[0].ingest_time < pair[1].ingest_time));
        assert_eq!(events, Workload::new(settings(0..2_000)).collect::<Vec<_>>());
    }

    #[test]
    fn without_disorder_every_event_comes_once_and_in_its_turn() {
        let settings = Settings { disorder: false, per_second: 2_000, ..settings(0..500) };
        let mut left: HashMap<String, &[(&str, &str)]> =
            (0..500).map(|conversation| (uuid(conversation, 2), script(conversation))).collect();
        let events: Vec<PlatformEvent> = Workload::new(settings).collect();
        for event in &events {
            let steps = left.get_mut(&event.entity_id).unwrap();
            assert_eq!(event.event_type, steps[0].0);
            *steps = &steps[1..];
        }
        assert_eq!(events.len(), (0..500).map(length).sum::<usize>());
        assert_eq!(events[2_000].ingest_time, 1_001_000);
    }

    #[test]
    fn what_ends_has_the_participant_and_the_session_of_what_began() {
        let begun_by = |event_type: &str| match event_type {
            et::FLOW_OUTCOME | et::FLOW_ENDED => Some(et::FLOW_STARTED),
            et::QUEUE_LEFT => Some(et::QUEUE_ENTERED),
            et::PARTICIPANT_DISCONNECTED | et::WRAPUP_APPLIED | et::ACW_ENDED => {
                Some(et::PARTICIPANT_CONNECTED)
            }
            et::CONVERSATION_ENDED => Some(et::CONVERSATION_STARTED),
            _ => None,
        };
        for conversation in 0..100 {
            let steps: Vec<_> = (0..length(conversation)).map(|step| event(conversation, step, 0)).collect();
            let who =
                |event: &PlatformEvent| (event.participant_id.clone(), event.attributes["sessionId"].clone());
            for (at, ends) in steps.iter().enumerate() {
                let Some(began) = begun_by(&ends.event_type) else { continue };
                let began = steps[..at].iter().rfind(|event| event.event_type == began).unwrap();
                assert_eq!(who(ends), who(began), "conversation {conversation}, step {at}");
            }
            let mut begun: Vec<_> =
                steps.iter().filter(|event| event.source_type.ends_with(".start")).map(who).collect();
            let all = begun.len();
            begun.sort();
            begun.dedup();
            assert_eq!(begun.len(), all, "nobody begins twice");
        }
    }

    #[test]
    fn conversations_are_played_from_the_step_asked_for() {
        let stored = Workload::new(Settings { steps: 0..1, ..settings(0..50) });
        assert!(stored.into_iter().all(|event| event.event_type == et::CONVERSATION_STARTED));
        let rest = Workload::new(Settings { steps: 1..usize::MAX, ..settings(0..50) });
        assert!(rest.into_iter().all(|event| event.event_type != et::CONVERSATION_STARTED));
    }
}
