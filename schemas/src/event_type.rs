//! Canonical event types: one vocabulary for all platforms.
//!
//! The set is open (the field is a string), so an adapter may add to it; these are the names that are in use.
//! `docs/event-types.md` says which platform event becomes which.

/// A customer's part of a conversation began; the first one begins the conversation.
pub const CONVERSATION_STARTED: &str = "conversation.started";
/// The customer's part of a conversation is over.
pub const CONVERSATION_ENDED: &str = "conversation.ended";
/// The platform gave the conversation another status, one that is not its end.
pub const CONVERSATION_STATUS_CHANGED: &str = "conversation.status_changed";
/// A whole-conversation snapshot, without a statement of what changed.
pub const CONVERSATION_UPDATED: &str = "conversation.updated";
/// A message was filed under a conversation (the message itself is `message.received` or `message.sent`).
pub const CONVERSATION_MESSAGE_ADDED: &str = "conversation.message_added";
/// Attributes of a participant were set.
pub const CONVERSATION_ATTRIBUTES_CHANGED: &str = "conversation.attributes_changed";
/// The external contact of a conversation was set or changed.
pub const CONVERSATION_CONTACT_CHANGED: &str = "conversation.contact_changed";
/// Something that was said in a conversation, as text.
pub const CONVERSATION_TRANSCRIBED: &str = "conversation.transcribed";
/// A client asked for the end of a conversation; `conversation.ended` follows if it was granted.
pub const CONVERSATION_END_REQUESTED: &str = "conversation.end_requested";
/// A client got back the state of a conversation it had lost.
pub const CONVERSATION_RECOVERED: &str = "conversation.recovered";

/// A conversation began to wait in a queue.
pub const QUEUE_ENTERED: &str = "queue.entered";
/// A conversation no longer waits in a queue.
pub const QUEUE_LEFT: &str = "queue.left";
/// A conversation's place in its queue changed.
pub const QUEUE_POSITION_CHANGED: &str = "queue.position_changed";
/// An agent was made a member of a queue, or joined or left it.
pub const QUEUE_MEMBER_CHANGED: &str = "queue.member_changed";
/// Figures of a queue.
pub const QUEUE_OBSERVED: &str = "queue.observed";

/// An agent (a person) joined the conversation.
pub const PARTICIPANT_CONNECTED: &str = "participant.connected";
/// An agent left the conversation.
pub const PARTICIPANT_DISCONNECTED: &str = "participant.disconnected";
/// A participant changed in another way (member state, leg state).
pub const PARTICIPANT_CHANGED: &str = "participant.changed";

/// A flow (IVR, bot, script) took the conversation.
pub const FLOW_STARTED: &str = "flow.started";
/// A flow gave the conversation back.
pub const FLOW_ENDED: &str = "flow.ended";
/// A flow reached one of its declared outcomes.
pub const FLOW_OUTCOME: &str = "flow.outcome";

/// A node of an IVR's menu, or of a script, was passed.
pub const IVR_NODE_EXECUTED: &str = "ivr.node_executed";

/// An agent's after-contact work is over.
pub const ACW_ENDED: &str = "acw.ended";
/// A wrap-up code was given.
pub const WRAPUP_APPLIED: &str = "wrapup.applied";
/// A campaign attempted to reach a contact.
pub const OUTBOUND_ATTEMPTED: &str = "outbound.attempted";
/// A customer began to leave a voicemail.
pub const VOICEMAIL_STARTED: &str = "voicemail.started";
/// A voicemail is complete.
pub const VOICEMAIL_ENDED: &str = "voicemail.ended";

/// A customer's message came in.
pub const MESSAGE_RECEIVED: &str = "message.received";
/// A message went out to a customer.
pub const MESSAGE_SENT: &str = "message.sent";
/// What became of a message: delivered, read, failed.
pub const MESSAGE_RECEIPT: &str = "message.receipt";
/// A message was changed after it was sent.
pub const MESSAGE_UPDATED: &str = "message.updated";
/// An internal note on a message was made, changed or deleted.
pub const MESSAGE_NOTE_CHANGED: &str = "message.note_changed";
/// Somebody began to type.
pub const TYPING_STARTED: &str = "typing.started";
/// Somebody stopped typing.
pub const TYPING_ENDED: &str = "typing.ended";
/// A party of a messaging thread came, left, signed in or cleared it.
pub const PRESENCE_CHANGED: &str = "presence.changed";

/// An agent's state (presence, availability) changed.
pub const AGENT_STATE_CHANGED: &str = "agent.state_changed";
/// How many conversations of which media an agent has changed.
pub const AGENT_LOAD_CHANGED: &str = "agent.load_changed";
/// An agent logged in.
pub const AGENT_SESSION_STARTED: &str = "agent.session_started";
/// An agent logged out.
pub const AGENT_SESSION_ENDED: &str = "agent.session_ended";
/// An agent's telephone leg changed.
pub const AGENT_LEG_CHANGED: &str = "agent.leg_changed";

/// An agent's desktop was opened.
pub const DESKTOP_SESSION_STARTED: &str = "desktop.session_started";
/// An agent's desktop went to the background, or lost its connection.
pub const DESKTOP_SESSION_SUSPENDED: &str = "desktop.session_suspended";
/// An agent's desktop is back.
pub const DESKTOP_SESSION_RESUMED: &str = "desktop.session_resumed";
/// An agent's desktop was closed.
pub const DESKTOP_SESSION_ENDED: &str = "desktop.session_ended";

/// A customer proved who it is.
pub const CUSTOMER_AUTHORIZED: &str = "customer.authorized";
/// A customer's client asked to be authorised.
pub const CUSTOMER_AUTHORIZATION_REQUESTED: &str = "customer.authorization_requested";
/// A visitor did something on a web site or in an app.
pub const VISITOR_ACTIVITY: &str = "visitor.activity";
/// The platform audited a change of its configuration.
pub const AUDIT_RECORDED: &str = "audit.recorded";

/// An event whose type no adapter knows; `sourceType` says what the platform calls it.
pub const PLATFORM_EVENT: &str = "platform.event";
/// The platform reported an error.
pub const PLATFORM_ERROR: &str = "platform.error";
/// The platform put an event too large to send elsewhere and sent where.
pub const PLATFORM_EVENT_OFFLOADED: &str = "platform.event_offloaded";

/// All of them, in the order above.
pub const ALL: &[&str] = &[
    CONVERSATION_STARTED,
    CONVERSATION_ENDED,
    CONVERSATION_STATUS_CHANGED,
    CONVERSATION_UPDATED,
    CONVERSATION_MESSAGE_ADDED,
    CONVERSATION_ATTRIBUTES_CHANGED,
    CONVERSATION_CONTACT_CHANGED,
    CONVERSATION_TRANSCRIBED,
    CONVERSATION_END_REQUESTED,
    CONVERSATION_RECOVERED,
    QUEUE_ENTERED,
    QUEUE_LEFT,
    QUEUE_POSITION_CHANGED,
    QUEUE_MEMBER_CHANGED,
    QUEUE_OBSERVED,
    PARTICIPANT_CONNECTED,
    PARTICIPANT_DISCONNECTED,
    PARTICIPANT_CHANGED,
    FLOW_STARTED,
    FLOW_ENDED,
    FLOW_OUTCOME,
    IVR_NODE_EXECUTED,
    ACW_ENDED,
    WRAPUP_APPLIED,
    OUTBOUND_ATTEMPTED,
    VOICEMAIL_STARTED,
    VOICEMAIL_ENDED,
    MESSAGE_RECEIVED,
    MESSAGE_SENT,
    MESSAGE_RECEIPT,
    MESSAGE_UPDATED,
    MESSAGE_NOTE_CHANGED,
    TYPING_STARTED,
    TYPING_ENDED,
    PRESENCE_CHANGED,
    AGENT_STATE_CHANGED,
    AGENT_LOAD_CHANGED,
    AGENT_SESSION_STARTED,
    AGENT_SESSION_ENDED,
    AGENT_LEG_CHANGED,
    DESKTOP_SESSION_STARTED,
    DESKTOP_SESSION_SUSPENDED,
    DESKTOP_SESSION_RESUMED,
    DESKTOP_SESSION_ENDED,
    CUSTOMER_AUTHORIZED,
    CUSTOMER_AUTHORIZATION_REQUESTED,
    VISITOR_ACTIVITY,
    AUDIT_RECORDED,
    PLATFORM_EVENT,
    PLATFORM_ERROR,
    PLATFORM_EVENT_OFFLOADED,
];

/// The name that a text is, if it is one of them.
pub fn known(text: &[u8]) -> Option<&'static str> {
    ALL.iter().copied().find(|name| name.as_bytes() == text)
}
