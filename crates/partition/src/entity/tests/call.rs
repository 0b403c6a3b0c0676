//! An ordinary call, as a platform tells of it: the ids are UUIDs, the times those of today.

use trunkline_schemas::PlatformEvent;

use super::*;

/// When it begins, UTC milliseconds.
pub(super) const BEGAN: i64 = 1_790_000_123_456;

/// A UUID made of a name.
pub(super) fn id(name: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

/// What is told of it, in order: of the customer, the flow, the queue, the agent who answers and writes up.
pub(super) fn events() -> Vec<PlatformEvent> {
    let answered = id("agent");
    let connected = format!("{}/{}", id("agent's part"), id("agent's session"));
    let of_agent =
        [("interactingDurationMs", "181340"), ("alertingDurationMs", "2105"), ("heldDurationMs", "8020")];
    vec![
        told(et::CONVERSATION_STARTED, 0, "customer", &[]),
        told(et::FLOW_STARTED, 85, "flow", &[]),
        told(et::FLOW_ENDED, 14_310, "flow", &[]),
        told(et::QUEUE_ENTERED, 14_322, "queue", &[]),
        told(
            et::QUEUE_LEFT,
            37_001,
            "queue",
            &[("connectedDurationMs", "22679"), ("answeredUserId", &answered)],
        ),
        told(et::PARTICIPANT_CONNECTED, 34_896, "agent", &[]),
        told(et::CONVERSATION_UPDATED, 37_050, "", &[("connectedSessions", &connected)]),
        told(et::PARTICIPANT_DISCONNECTED, 218_400, "agent", &of_agent),
        told(et::CONVERSATION_UPDATED, 218_450, "", &[]),
        told(et::CONVERSATION_ENDED, 218_402, "customer", &[("disconnectType", "client")]),
        told(et::ACW_ENDED, 239_870, "agent", &[("wrapupDurationMs", "21460")]),
        told(et::WRAPUP_APPLIED, 239_871, "agent", &[]),
    ]
}

fn told(event_type: &str, after: i64, part: &str, attributes: &[(&str, &str)]) -> PlatformEvent {
    let mut event = event("c", event_type, BEGAN + after);
    let of =
        |what: &str| Some(part).filter(|part| !part.is_empty()).map(|part| id(&format!("{part}'s {what}")));
    event.source.channel = "eventbridge".to_owned();
    event.participant_id = of("part");
    event.agent_id = (part == "agent").then(|| id("agent"));
    event.customer_id = (part == "customer").then(|| id("contact"));
    event.contact_id = event.customer_id.clone();
    event.content_id = part.is_empty().then(|| id(&format!("what is said after {after}")));
    if event_type == et::PARTICIPANT_CONNECTED {
        event.source_type = "v2.detail.events.conversation.{id}.user.start".to_owned();
    }
    let session = of("session").map(|session| ("sessionId".to_owned(), session));
    let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    event.attributes = attributes.chain(session).collect();
    event
}

/// The entity after each of its events.
pub(super) fn taken(events: &[PlatformEvent]) -> impl Iterator<Item = Entity> {
    let mut entity = Entity::default();
    events.iter().map(move |event| {
        let (told, taken_in) = (encoded(event), event.event_time + 700);
        if let Some(statement) = entity.statement(&told) {
            entity.said(&statement, taken_in, 60_000);
        }
        let order = ChannelOrder::kept(Some(event.event_time), None);
        entity.emit(KEY, &told, id_bits(&event.event_id), taken_in, order, &Callers::default());
        entity.set_timer(KEY, (taken_in + RETENTION.ids_ms).div_euclid(HOUR_MS) + 1);
        entity.clone()
    })
}
