//! What ingest writes: conversations and agents of three kinds of sources, out of order, some of it twice, some of it
//! poison.

use std::collections::BTreeMap;

use trunkline_schemas::codec::{Encoder, Value as _};
use trunkline_schemas::event_type as et;
use trunkline_schemas::headers::{self, Headers};
use trunkline_schemas::{EventTimeSource, PlatformEvent, SourceInfo, event_id};

use crate::dice::Dice;
use crate::instance::MAX_RECORD_BYTES;
use crate::plan::Plan;
use crate::world::BEGINNING;

/// The id that outputs are written with.
pub const OUTPUT_SCHEMA: u32 = 7;

/// Ids that events are written with: this build's schema is registered twice.
const KNOWN: [u32; 2] = [1, 2];

/// The registry says that it is no schema of events.
const FOREIGN: u32 = 3;

/// The registry does not know it.
const UNKNOWN: u32 = 99;

/// What the registry says of an id.
pub fn schema(id: u32) -> Option<String> {
    match id {
        FOREIGN => Some(r#""bytes""#.to_owned()),
        _ if KNOWN.contains(&id) => Some(PlatformEvent::SCHEMA.to_owned()),
        _ => None,
    }
}

/// Bytes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
    /// Headers.
    pub headers: Headers,
}

/// A record to come.
#[derive(Debug, Clone)]
pub struct Planned {
    /// After so many milliseconds from the beginning.
    pub after_ms: i64,
    /// Where to.
    pub partition: i32,
    /// The record.
    pub record: Raw,
    /// What it means; `None` is poison.
    pub event: Option<PlatformEvent>,
    /// An offset is left out before it.
    pub hole_before: bool,
}

/// Makes everything that will be read in a run.
pub fn make(dice: &mut Dice, plan: &Plan, partition_of: impl Fn(&[u8]) -> i32) -> Vec<Planned> {
    let mut encoders = KNOWN.map(Encoder::<PlatformEvent>::new);
    let mut planned = Vec::new();
    let mut add = |dice: &mut Dice, after_ms: i64, record: Raw, event: Option<PlatformEvent>| {
        let partition = partition_of(record.key.as_deref().unwrap_or_default());
        let after_ms = after_ms.clamp(0, plan.chaos_ms);
        planned.push(Planned { after_ms, partition, record, event, hole_before: dice.chance(0.02) });
    };
    for entity in 0..dice.between(3, 13) {
        let skew = dice.between(-plan.skew_ms, plan.skew_ms + 1);
        for (mut event, at) in life(dice, entity, plan) {
            let copies = if dice.chance(0.2) { dice.between(2, 4) } else { 1 };
            for copy in 0..copies {
                let again = if copy > 0 { dice.between(0, 15_000) } else { 0 };
                event.ingest_time = BEGINNING + at + again + skew;
                event.source.transport_id = Some(format!("{copy}"));
                let delay = if dice.chance(0.05) { dice.between(0, 1_500) } else { dice.between(0, 5) };
                let value =
                    dice.pick_mut(&mut encoders).encode_to_vec(&event).expect("an event fits its schema");
                let raw = raw(&event, Some(value));
                let poison = dice.chance(plan.poison).then(|| poisoned(dice, &event, &raw));
                if let Some(poison) = poison {
                    add(dice, at + again + delay, poison, None);
                }
                add(dice, at + again + delay, raw, Some(event.clone()));
            }
        }
    }
    if dice.chance(plan.poison * 5.0) {
        let at = dice.between(0, plan.chaos_ms);
        let (mut event, _) = life(dice, 1_000, plan).swap_remove(0);
        event.data = "x".repeat(MAX_RECORD_BYTES - (64 << 10));
        let value = encoders[0].encode_to_vec(&event).expect("an event fits its schema");
        let raw = raw(&event, Some(value));
        add(dice, at, raw, None);
    }
    planned
}

fn raw(event: &PlatformEvent, value: Option<Vec<u8>>) -> Raw {
    let mut headers = Headers::new();
    headers.push(headers::CE_ID, &event.event_id);
    Raw { key: Some(event.key().into_bytes()), value, headers }
}

/// A record like this one that gives no event.
fn poisoned(dice: &mut Dice, event: &PlatformEvent, good: &Raw) -> Raw {
    let value = good.value.clone().unwrap_or_default();
    let under = |id: u32| [&[0][..], &id.to_be_bytes(), &value[5..]].concat();
    match dice.index(6) {
        0 => raw(event, Some(value[..value.len() / 2].to_vec())),
        1 => raw(event, Some(under(UNKNOWN))),
        2 => raw(event, Some(under(FOREIGN))),
        3 => raw(event, None),
        4 => Raw { key: Some(b"genesys/org/somebody-else".to_vec()), ..good.clone() },
        _ => raw(event, Some((0..dice.between(0, 40)).map(|_| dice.between(0, 256) as u8).collect())),
    }
}

/// What the numbers of those who call begin with.
pub const CALLERS: &str = "+1317200000";

/// Whom an event names as its customer, with the platform's contact and the tenant's attributes: more often the contact
/// than what the tenant found out.
fn named(number: i64, customer: Option<&str>) -> (Option<String>, Option<String>, BTreeMap<String, String>) {
    let Some(customer) = customer else { return Default::default() };
    let contact = Some(format!("contact of {customer}"));
    if number % 3 > 0 {
        return (contact.clone(), contact, BTreeMap::new());
    }
    let of_tenant = [("customerId".to_owned(), customer.to_owned())].into();
    (Some(customer.to_owned()), contact, of_tenant)
}

/// The events of one entity, each with when it is taken in after the beginning, roughly.
fn life(dice: &mut Dice, entity: i64, plan: &Plan) -> Vec<(PlatformEvent, i64)> {
    let conversation = dice.chance(0.8);
    let customer = dice.chance(0.6).then(|| format!("customer-{}", dice.between(0, 4)));
    // Of the others some are named later, and some never.
    let caller = (conversation && entity % 3 != 0).then(|| format!("tel:{CALLERS}{}", entity % 4));
    let channels: Vec<(&str, String)> = (0..dice.between(1, 3))
        .map(|channel| (*dice.pick(&["sequenced", "causal", "sorted"]), format!("channel-{channel}")))
        .collect();
    let types = [
        et::CONVERSATION_STARTED,
        et::QUEUE_ENTERED,
        et::PARTICIPANT_CONNECTED,
        et::MESSAGE_RECEIVED,
        et::PARTICIPANT_DISCONNECTED,
        et::MESSAGE_RECEIVED,
    ];
    let count = dice.between(3, 22);
    let mut at = dice.between(0, plan.chaos_ms / 2);
    let pace = dice.between(5, (plan.chaos_ms / count).max(6));
    let mut sequences: BTreeMap<String, i64> = BTreeMap::new();
    (0..count)
        .map(|number| {
            at += dice.between(0, pace);
            let (source, channel) = dice.pick(&channels).clone();
            let sequence = sequences.entry(channel.clone()).or_default();
            *sequence += 1;
            let numbered = source == "sequenced" && !dice.chance(0.03);
            let event_type = match number {
                _ if !conversation => "agent.state_changed",
                _ if number + 1 == count => et::CONVERSATION_ENDED,
                number => types[(number as usize).min(5) % types.len()],
            };
            let native = format!("entity-{entity}");
            // Agents have states that they return to, and that are told again.
            let state = dice.between(0, 3).to_string();
            let content = event_id::content_id("genesys", "org", &native, &state);
            let (customer_id, contact_id, tenant_attributes) =
                named(entity + number, customer.as_deref().filter(|_| dice.chance(0.5)));
            let event = PlatformEvent {
                event_id: event_id::derive("simulated", &[&native, &number.to_string()]),
                event_type: event_type.to_owned(),
                source_type: "simulated".to_owned(),
                platform: "genesys".to_owned(),
                org_id: "org".to_owned(),
                entity_type: if conversation { "conversation" } else { "agent" }.to_owned(),
                entity_id: native.clone(),
                conversation_id: conversation.then(|| native.clone()),
                contact_id,
                flow_session_id: None,
                participant_id: None,
                agent_id: None,
                queue_id: None,
                customer_id,
                media_type: None,
                direction: caller.as_ref().map(|_| "inbound".to_owned()),
                event_time: BEGINNING + at,
                event_time_source: EventTimeSource::Platform,
                ingest_time: 0,
                sequence: numbered.then_some(*sequence),
                correlation_id: native,
                source: SourceInfo {
                    name: source.to_owned(),
                    kind: "genesys-eventbridge".to_owned(),
                    channel,
                    transport_id: None,
                    adapter: "simulated/1".to_owned(),
                    schema_version: "1".to_owned(),
                    backfilled: false,
                },
                attributes: caller.iter().map(|ani| ("ani".to_owned(), ani.clone())).collect(),
                tenant_attributes,
                attributes_cut: false,
                redacted: Vec::new(),
                content_id: (!conversation && !numbered).then_some(content),
                data: format!("{{\"number\":{number}}}"),
            };
            let disorder = if dice.chance(0.25) { dice.between(0, 900) } else { dice.between(0, 60) };
            (event, at + disorder)
        })
        .collect()
}
