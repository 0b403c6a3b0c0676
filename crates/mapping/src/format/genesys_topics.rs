//! Genesys Cloud topics: which canonical event each is, whichever transport brings it.
//!
//! A topic is known by a pattern, segment by segment: `{id}` stands for one id, `{medium}` for one word of whatever
//! characters. What an id looks like is asked only where a word may stand, and of topics that no pattern fits.

use trunkline_schemas::event_type as types;

/// What is known of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Canonical event type.
    pub event_type: &'static str,
    /// What its events are about.
    pub about: About,
    /// The topic with `{id}` for ids and `{medium}` for a medium.
    pub pattern: &'static str,
}

/// What a topic's events are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A step of a conversation.
    Conversation,
    /// A whole conversation as it is now, as an agent or a queue sees it; the id in the topic is theirs.
    Snapshot,
    /// Something said or done in a conversation, whose id is in the topic.
    InConversation,
    /// An agent, whose id is in the topic.
    Agent,
    /// A queue, whose id is in the topic.
    Queue,
    /// An audited change.
    Audit,
}

/// Prefix of the topics that report steps of conversations.
pub const DETAIL: &str = "v2.detail.events.conversation.{id}.";

const fn step(pattern: &'static str, event_type: &'static str) -> Topic {
    Topic { event_type, about: About::Conversation, pattern }
}

const fn other(pattern: &'static str, event_type: &'static str, about: About) -> Topic {
    Topic { event_type, about, pattern }
}

/// All that are known. Names as in the platform's SDK (`purecloud-platform-client-v2`) and its list of topics.
pub static TOPICS: [Topic; 34] = [
    step("v2.detail.events.conversation.{id}.customer.start", types::CONVERSATION_STARTED),
    step("v2.detail.events.conversation.{id}.customer.end", types::CONVERSATION_ENDED),
    step("v2.detail.events.conversation.{id}.acd.start", types::QUEUE_ENTERED),
    step("v2.detail.events.conversation.{id}.acd.end", types::QUEUE_LEFT),
    step("v2.detail.events.conversation.{id}.user.start", types::PARTICIPANT_CONNECTED),
    step("v2.detail.events.conversation.{id}.user.end", types::PARTICIPANT_DISCONNECTED),
    step("v2.detail.events.conversation.{id}.flow.start", types::FLOW_STARTED),
    step("v2.detail.events.conversation.{id}.flow.end", types::FLOW_ENDED),
    step("v2.detail.events.conversation.{id}.flow.outcome", types::FLOW_OUTCOME),
    step("v2.detail.events.conversation.{id}.acw", types::ACW_ENDED),
    step("v2.detail.events.conversation.{id}.wrapup", types::WRAPUP_APPLIED),
    step("v2.detail.events.conversation.{id}.attributes", types::CONVERSATION_ATTRIBUTES_CHANGED),
    step("v2.detail.events.conversation.{id}.contact", types::CONVERSATION_CONTACT_CHANGED),
    step("v2.detail.events.conversation.{id}.outbound", types::OUTBOUND_ATTEMPTED),
    step("v2.detail.events.conversation.{id}.voicemail.start", types::VOICEMAIL_STARTED),
    step("v2.detail.events.conversation.{id}.voicemail.end", types::VOICEMAIL_ENDED),
    other("v2.users.{id}.conversations", types::CONVERSATION_UPDATED, About::Snapshot),
    other("v2.users.{id}.conversations.{medium}", types::CONVERSATION_UPDATED, About::Snapshot),
    other("v2.routing.queues.{id}.conversations", types::CONVERSATION_UPDATED, About::Snapshot),
    other("v2.routing.queues.{id}.conversations.{medium}", types::CONVERSATION_UPDATED, About::Snapshot),
    other("v2.conversations.{id}.transcription", types::CONVERSATION_TRANSCRIBED, About::InConversation),
    other("v2.conversations.chats.{id}.members", types::PARTICIPANT_CHANGED, About::InConversation),
    other("v2.conversations.chats.{id}.messages", types::CONVERSATION_MESSAGE_ADDED, About::InConversation),
    other("v2.users.{id}.activity", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.presence", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.routingStatus", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.outofoffice", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.station", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.geolocation", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.callforwarding", types::AGENT_STATE_CHANGED, About::Agent),
    other("v2.users.{id}.conversationsummary", types::AGENT_LOAD_CHANGED, About::Agent),
    other("v2.routing.queues.{id}.users", types::QUEUE_MEMBER_CHANGED, About::Queue),
    other("v2.analytics.queues.{id}.observations", types::QUEUE_OBSERVED, About::Queue),
    other("v2.audits.entitytype.{id}.entityid.{id}", types::AUDIT_RECORDED, About::Audit),
];

/// What a topic is, whatever stands in it for ids; `None` when it is not known.
pub fn lookup(topic: &str) -> Option<Topic> {
    // Most are written as the pattern is, which is cheaper to see.
    let written = TOPICS.iter().find(|known| known.pattern == topic);
    written.or_else(|| TOPICS.iter().find(|known| fits(known.pattern, topic))).copied()
}

/// A topic with its ids replaced by `{id}`, as EventBridge writes `detail-type` and triggers write topics.
pub fn canonical(topic: &str) -> String {
    canonical_with(topic, &[])
}

/// The same, where an event on an unknown topic has these ids: the topic may name them.
fn canonical_with(topic: &str, ids: &[String]) -> String {
    let pattern = lookup(topic).map(|known| known.pattern.split('.').collect::<Vec<_>>());
    let written_with_ids = !topic.split('.').any(|segment| segment == "{id}");
    let may_be_an_id =
        |segment: &str| ids.iter().any(|id| id == segment) || written_with_ids && has_number(segment);
    let canonical = |(position, segment)| match &pattern {
        Some(pattern) if pattern[position] == "{medium}" => segment,
        Some(pattern) => pattern[position],
        None if is_id(segment) || position >= NOUNS && may_be_an_id(segment) => "{id}",
        None => segment,
    };
    topic.split('.').enumerate().map(canonical).collect::<Vec<_>>().join(".")
}

/// The canonical topic of an event whose type is given by one name, and by the topic that it was published on.
/// The published topic counts where the type is the same topic with the ids left out. `ids` are those of the event's
/// body, and asked for where the type is not known.
pub fn of_event(type_name: &str, published_on: &str, ids: impl FnOnce() -> Vec<String>) -> String {
    if lookup(type_name).is_some() {
        return canonical(type_name);
    }
    if lookup(published_on).is_some() {
        let published = canonical(published_on);
        let without_ids = published.split('.').filter(|segment| *segment != "{id}");
        let given = type_name.split('.').filter(|segment| !segment.is_empty());
        if without_ids.eq(given) {
            return published;
        }
    }
    canonical_with(type_name, &ids())
}

/// The ids of a real topic, in order, by the `{id}`s of its canonical form; empty when the two do not fit or
/// the topic has `{id}` in place of ids itself.
pub fn ids<'a>(canonical: &str, topic: &'a str) -> Vec<&'a str> {
    if !fits(canonical, topic) {
        return Vec::new();
    }
    let segments = canonical.split('.').zip(topic.split('.'));
    let ids: Vec<&str> = segments.filter(|(pattern, _)| *pattern == "{id}").map(|(_, id)| id).collect();
    if ids.contains(&"{id}") { Vec::new() } else { ids }
}

/// What an unknown topic is about, by the words before its first id.
pub fn about_unknown(canonical: &str) -> Option<About> {
    let mut before = canonical.split("{id}").next()?.trim_end_matches('.').rsplit('.');
    match (before.next()?, before.next()?) {
        ("users", _) => Some(About::Agent),
        ("queues", _) => Some(About::Queue),
        ("conversations" | "conversation", _) | (_, "conversations") => Some(About::InConversation),
        _ => None,
    }
}

/// The media type that a topic's word for media stands for, in the words of the other events.
pub fn media_type(topic: &str) -> Option<String> {
    let medium = topic.split_once(".conversations.")?.1.to_lowercase();
    Some(match medium.as_str() {
        "calls" => "voice".to_owned(),
        "cobrowsesessions" => "cobrowse".to_owned(),
        _ => medium.strip_suffix('s').unwrap_or(&medium).to_owned(),
    })
}

fn fits(pattern: &str, topic: &str) -> bool {
    let mut segments = topic.split('.');
    let all = pattern.split('.').all(|pattern| {
        segments.next().is_some_and(|segment| match pattern {
            "{id}" => !segment.is_empty(),
            "{medium}" => is_medium(segment),
            word => word == segment,
        })
    });
    all && segments.next().is_none()
}

/// Whether a segment names a medium. The platform adds media, and may write a version with one.
fn is_medium(segment: &str) -> bool {
    let has_letters = segment.bytes().any(|byte| byte.is_ascii_alphabetic());
    has_letters && segment != "{id}" && !is_id(segment)
}

/// Shortest segment of digits that is taken for an id; what is shorter is a version or a number of something.
const DIGITS: usize = 5;

/// Shortest segment of hexadecimal digits, not all of them letters, that is taken for an id.
const HEXADECIMAL: usize = 16;

/// Whether a segment of an unknown topic is an id: a UUID, many digits, or many hexadecimal ones.
fn is_id(segment: &str) -> bool {
    let all = |is: fn(&u8) -> bool| segment.bytes().all(|byte| is(&byte));
    uuid::Uuid::try_parse(segment).is_ok()
        || (segment.len() >= DIGITS && all(u8::is_ascii_digit))
        || (segment.len() >= HEXADECIMAL && all(u8::is_ascii_hexdigit) && !all(u8::is_ascii_alphabetic))
}

/// Segments at the beginning of a topic that are never ids: the version, and what the topic is about.
const NOUNS: usize = 2;

/// Whether a number is part of a segment, and it is no version: of a topic with its ids in it that is an id, however
/// short. No topic of the platform has such a word.
fn has_number(segment: &str) -> bool {
    let number = segment.strip_prefix('v').unwrap_or(segment);
    let is_version = segment.len() > number.len() && number.bytes().all(|byte| byte.is_ascii_digit());
    segment.bytes().any(|byte| byte.is_ascii_digit()) && !is_version
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
            ("v2.users.{id}.callforwarding", Some(types::AGENT_STATE_CHANGED)),
            ("v2.users.{id}.conversationsummary", Some(types::AGENT_LOAD_CHANGED)),
            ("v2.users..presence", None),
            ("v2.routing.queues.{id}.users", Some(types::QUEUE_MEMBER_CHANGED)),
            ("v2.conversations.{id}.transcription", Some(types::CONVERSATION_TRANSCRIBED)),
            ("v2.audits.entitytype.{id}.entityid.{id}", Some(types::AUDIT_RECORDED)),
            ("", None),
        ] {
            assert_eq!(lookup(topic).map(|known| known.event_type), expected, "{topic}");
        }
    }

    #[test]
    fn any_word_for_media_makes_a_snapshot() {
        for (medium, expected) in [
            ("calls", "voice"),
            ("callbacks", "callback"),
            ("cobrowseSessions", "cobrowse"),
            ("cobrowsesessions", "cobrowse"),
            ("emails", "email"),
            ("internalmessages", "internalmessage"),
            ("screenshares", "screenshare"),
            ("socialexpressions", "socialexpression"),
            ("videos", "video"),
            ("holograms", "hologram"),
            ("calls2", "calls2"),
            ("web-messages", "web-message"),
            ("co_browse", "co_browse"),
            ("3d-meetings", "3d-meeting"),
        ] {
            for owner in ["v2.users.{id}", "v2.routing.queues.{id}"] {
                let topic = format!("{owner}.conversations.{medium}");
                assert_eq!(lookup(&topic).map(|known| known.about), Some(About::Snapshot), "{topic}");
                assert_eq!(canonical(&topic.replace("{id}", "a-1")), topic);
                assert_eq!(media_type(&topic).as_deref(), Some(expected), "{topic}");
            }
        }
        assert_eq!(media_type("v2.users.{id}.conversations"), None);
        assert_eq!(lookup("v2.users.{id}.conversations.calls.wrapup"), None);
        for no_medium in ["7", "{id}", "", "-", "0f14a7c2-1b7e-4d1c-8c68-4e7ad7b0c111"] {
            assert_eq!(lookup(&format!("v2.users.{{id}}.conversations.{no_medium}")), None, "{no_medium}");
        }
    }

    #[test]
    fn real_ids_in_a_type_make_no_other_type() {
        for (topic, expected) in [
            ("v2.users.e40f28ea-fa86-493f-a5b8-d559c8533c96.activity", "v2.users.{id}.activity"),
            ("v2.users.agent-7.presence", "v2.users.{id}.presence"),
            (
                "v2.detail.events.conversation.test-1.acd.start",
                "v2.detail.events.conversation.{id}.acd.start",
            ),
            ("v2.conversations.chats.c1.members", "v2.conversations.chats.{id}.members"),
            ("v2.audits.entitytype.Queue.entityid.q1", "v2.audits.entitytype.{id}.entityid.{id}"),
            ("v2.things.e40f28ea-fa86-493f-a5b8-d559c8533c96.new", "v2.things.{id}.new"),
            ("v2.things.4711.new", "v2.things.{id}.new"),
            ("v2.things.wi-1.new", "v2.things.{id}.new"),
            ("v2.things.u_99.new.AbCdEf12", "v2.things.{id}.new.{id}"),
            ("v2.things.some.new.v3", "v2.things.some.new.v3"),
            // A type with `{id}` in it is written in words otherwise, and the noun is one in any case.
            ("v2.things.{id}.s3.new", "v2.things.{id}.s3.new"),
            ("v2.oauth2.clients.c1", "v2.oauth2.clients.{id}"),
            ("v2.things.1234567.new", "v2.things.{id}.new"),
            ("v2.things.0123456789abcdef.new", "v2.things.{id}.new"),
            ("v2.things.aaaaaaaaaaaaaaaaaa.new", "v2.things.aaaaaaaaaaaaaaaaaa.new"),
        ] {
            assert_eq!(canonical(topic), expected);
            assert_eq!(canonical(expected), expected);
        }
    }

    #[test]
    fn a_type_without_ids_is_the_topic_that_it_was_published_on() {
        for (type_name, published_on, expected) in [
            ("v2.users.presence", "v2.users.u1.presence", "v2.users.{id}.presence"),
            ("v2.users..presence", "v2.users.u1.presence", "v2.users.{id}.presence"),
            ("v2.users.station", "v2.users.u1.presence", "v2.users.station"),
            ("v2.users.{id}.station", "v2.users.u1.presence", "v2.users.{id}.station"),
            ("v2.users.presence", "", "v2.users.presence"),
            (
                "v2.routing.queues.conversations.videos",
                "v2.routing.queues.q1.conversations.videos",
                "v2.routing.queues.{id}.conversations.videos",
            ),
        ] {
            let found = of_event(type_name, published_on, Vec::new);
            assert_eq!(found, expected, "{type_name} {published_on}");
        }
    }

    #[test]
    fn a_segment_that_is_an_id_of_the_body_is_one() {
        for (type_name, ids, expected) in [
            ("v2.things.left.changed", &["left"][..], "v2.things.{id}.changed"),
            ("v2.things.left.of.right", &["right", "left"], "v2.things.{id}.of.{id}"),
            ("v2.things.left.changed", &["things", "v2", "right"], "v2.things.left.changed"),
            ("v2.users.presence.station", &["station"], "v2.users.{id}.station"),
        ] {
            let found = of_event(type_name, "", || ids.iter().map(|id| (*id).to_owned()).collect());
            assert_eq!(found, expected, "{type_name} {ids:?}");
        }
    }

    #[test]
    fn ids_are_found_in_topics() {
        let topic = "v2.users.e40f28ea-fa86-493f-a5b8-d559c8533c96.activity";
        assert_eq!(ids("v2.users.{id}.activity", topic), ["e40f28ea-fa86-493f-a5b8-d559c8533c96"]);
        let audit = "v2.audits.entitytype.OAuthClient.entityid.46a10c81";
        assert_eq!(ids("v2.audits.entitytype.{id}.entityid.{id}", audit), ["OAuthClient", "46a10c81"]);
        assert!(ids("v2.users.{id}", topic).is_empty());
        assert!(ids("v2.users.{id}.activity", "v2.users.{id}.activity").is_empty());
        assert!(ids("v2.users.{id}.activity", "v2.conversations.test.activity").is_empty());
    }

    #[test]
    fn unknown_topics_are_about_whom_they_name() {
        for (topic, expected) in [
            ("v2.users.{id}.badges.chats", Some(About::Agent)),
            ("v2.analytics.queues.{id}.activity", Some(About::Queue)),
            ("v2.conversations.{id}.summaries", Some(About::InConversation)),
            ("v2.conversations.emails.{id}.drafts", Some(About::InConversation)),
            ("v2.detail.events.conversation.{id}.something.new", Some(About::InConversation)),
            ("v2.outbound.campaigns.{id}.progress", None),
            ("v2.system.socket_closing", None),
            ("", None),
        ] {
            assert_eq!(about_unknown(topic), expected, "{topic}");
        }
    }
}
