//! Genesys Cloud topics: which canonical event each is, whichever transport brings it.

use trunkline_schemas::event_type as types;

/// What is known of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Canonical event type.
    pub event_type: &'static str,
    /// What its events are about.
    pub about: About,
    /// Identity fields of its body beyond conversation, participant, session and time.
    pub identity: &'static [&'static str],
}

/// What a topic's events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A step of a conversation, with identity fields of its own.
    Conversation,
    /// A whole conversation as it is now.
    Snapshot,
    /// An agent, whose id is in the topic.
    Agent,
    /// A queue, whose id is in the topic.
    Queue,
    /// An audited change.
    Audit,
}

/// Prefix of the topics that report steps of conversations.
const DETAIL: &str = "v2.detail.events.conversation.{id}.";

/// What a canonical topic (with `{id}` for ids) is; `None` when it is not known.
pub fn lookup(topic: &str) -> Option<Topic> {
    if let Some(step) = topic.strip_prefix(DETAIL) {
        let (event_type, identity): (_, &'static [&'static str]) = match step {
            "customer.start" => (types::CONVERSATION_STARTED, &[]),
            "customer.end" => (types::CONVERSATION_ENDED, &[]),
            "acd.start" => (types::QUEUE_ENTERED, &["queueId"]),
            "acd.end" => (types::QUEUE_LEFT, &["queueId"]),
            "user.start" => (types::PARTICIPANT_CONNECTED, &["userId"]),
            "user.end" => (types::PARTICIPANT_DISCONNECTED, &["userId"]),
            "flow.start" => (types::FLOW_STARTED, &["flowId"]),
            "flow.end" => (types::FLOW_ENDED, &["flowId"]),
            "flow.outcome" => (types::FLOW_OUTCOME, &["flowId", "flowOutcomeId"]),
            "acw" => (types::ACW_ENDED, &["userId"]),
            "wrapup" => (types::WRAPUP_APPLIED, &["userId", "wrapupCode"]),
            "attributes" => (types::CONVERSATION_ATTRIBUTES_CHANGED, &["attributes"]),
            "contact" => (types::CONVERSATION_CONTACT_CHANGED, &["externalContactId"]),
            "outbound" => (types::OUTBOUND_ATTEMPTED, &["outboundCampaignId", "outboundContactId"]),
            "voicemail.start" => (types::VOICEMAIL_STARTED, &[]),
            "voicemail.end" => (types::VOICEMAIL_ENDED, &[]),
            _ => return None,
        };
        return Some(Topic { event_type, about: About::Conversation, identity });
    }
    let (event_type, about) = match topic {
        "v2.audits.entitytype.{id}.entityid.{id}" => (types::AUDIT_RECORDED, About::Audit),
        "v2.users.{id}.activity"
        | "v2.users.{id}.presence"
        | "v2.users.{id}.routingStatus"
        | "v2.users.{id}.outofoffice"
        | "v2.users.{id}.station" => (types::AGENT_STATE_CHANGED, About::Agent),
        "v2.analytics.queues.{id}.observations" => (types::QUEUE_OBSERVED, About::Queue),
        _ if is_conversation_snapshot(topic) => (types::CONVERSATION_UPDATED, About::Snapshot),
        _ => return None,
    };
    Some(Topic { event_type, about, identity: &[] })
}

/// `v2.users.{id}.conversations`, `v2.routing.queues.{id}.conversations`, each also with a medium behind it.
fn is_conversation_snapshot(topic: &str) -> bool {
    ["v2.users.{id}.conversations", "v2.routing.queues.{id}.conversations"].iter().any(|prefix| {
        topic.strip_prefix(prefix).is_some_and(|rest| {
            matches!(
                rest,
                "" | ".calls" | ".callbacks" | ".chats" | ".emails" | ".messages" | ".cobrowsesessions"
            )
        })
    })
}

/// A topic with its ids replaced by `{id}`, as EventBridge writes `detail-type` and triggers write topics.
pub fn canonical(topic: &str) -> String {
    let segments: Vec<&str> =
        topic.split('.').map(|segment| if is_id(segment) { "{id}" } else { segment }).collect();
    segments.join(".")
}

/// The ids of a real topic, in order, by the `{id}`s of its canonical form; empty when the two do not fit.
pub fn ids<'a>(canonical: &str, topic: &'a str) -> Vec<&'a str> {
    let (pattern, real): (Vec<&str>, Vec<&str>) =
        (canonical.split('.').collect(), topic.split('.').collect());
    if pattern.len() != real.len() {
        return Vec::new();
    }
    pattern.iter().zip(real).filter(|(pattern, _)| **pattern == "{id}").map(|(_, id)| id).collect()
}

/// Ids in topics are UUIDs.
fn is_id(segment: &str) -> bool {
    segment.len() == 36 && uuid::Uuid::try_parse(segment).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_known_by_their_canonical_form() {
        for (topic, expected) in [
            ("v2.detail.events.conversation.{id}.customer.start", Some(types::CONVERSATION_STARTED)),
            ("v2.detail.events.conversation.{id}.flow.outcome", Some(types::FLOW_OUTCOME)),
            ("v2.detail.events.conversation.{id}.something.new", None),
            ("v2.something.but.conversation.{id}.customer.start", None),
            ("v2.users.{id}.presence", Some(types::AGENT_STATE_CHANGED)),
            ("v2.routing.queues.{id}.conversations.emails", Some(types::CONVERSATION_UPDATED)),
            ("v2.users.{id}.conversationsummary", None),
            ("v2.audits.entitytype.{id}.entityid.{id}", Some(types::AUDIT_RECORDED)),
            ("", None),
        ] {
            assert_eq!(lookup(topic).map(|known| known.event_type), expected, "{topic}");
        }
    }

    #[test]
    fn ids_are_found_in_topics() {
        let topic = "v2.users.e40f28ea-fa86-493f-a5b8-d559c8533c96.activity";
        assert_eq!(canonical(topic), "v2.users.{id}.activity");
        assert_eq!(ids("v2.users.{id}.activity", topic), ["e40f28ea-fa86-493f-a5b8-d559c8533c96"]);
        let audit = "v2.audits.entitytype.OAuthClient.entityid.46a10c81";
        assert_eq!(ids("v2.audits.entitytype.{id}.entityid.{id}", audit), ["OAuthClient", "46a10c81"]);
        assert!(ids("v2.users.{id}", topic).is_empty());
    }
}
