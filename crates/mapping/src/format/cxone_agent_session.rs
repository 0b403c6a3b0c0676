//! CXone agent session events, as `get-next-event` lists them: flat objects whose values are all strings.

use trunkline_schemas::event_type as types;

use super::cxone_contact::somebody;
use super::cxone_digital::{PLACEHOLDERS, times};
use super::{Identity, Mapped, Occurrence};
use crate::field::Fields;
use crate::transport::Unwrapped;

/// The fields that the platform documents: the attributes, by their own names. Any other may be what a script
/// of the tenant calls its data.
const KNOWN: [&str; 52] = [
    "Type",
    "BusNo",
    "AgentId",
    "SessionId",
    "StationPhoneNumber",
    "StationCallerId",
    "DialerCampaign",
    "DialerCampaignStartTime",
    "SupervisorPermissionLevel",
    "CanMask",
    "AgentSchedulePermission",
    "ScoreRecordingsPermission",
    "HideAgentStatePermission",
    "CanMultiPartyConference",
    "CurrentState",
    "CurrentOutReason",
    "NextState",
    "NextOutReason",
    "IsAcw",
    "AcwTimeout",
    "AgentLegId",
    "Status",
    "OriginalState",
    "FinalState",
    "ContactID",
    "ContactId",
    "MasterID",
    "MasterId",
    "ParentContactID",
    "ParentContactId",
    "InteractionID",
    "InteractionId",
    "CaseId",
    "CallType",
    "DNIS",
    "ANI",
    "Skill",
    "SkillId",
    "IsInbound",
    "StartTime",
    "StartTimeUTC",
    "LastStateChangeTime",
    "LastStateChangeTimeUTC",
    "ScreenPopUrl",
    "DisconnectCode",
    "IsLogging",
    "IsLinked",
    "IsRequireManualAccept",
    "OmniGroupId",
    "ExternalId",
    "Priority",
    "MediaType",
];

/// Events that are known, and about nothing that has a canonical type: what an agent's desktop is told to do.
const UNTYPED: [&str; 7] =
    ["CustomEvent", "Mute", "PageOpen", "PromiseKeeper", "RunApp", "UpdateCallbacks", "UpdateSkills"];

/// How the id of an agent's part of a conversation is written.
const CONTACT: [&str; 2] = ["ContactID", "ContactId"];

/// Maps one agent session event.
pub fn map(unwrapped: &Unwrapped<'_>, configured_org: Option<&str>) -> Mapped {
    let payload = unwrapped.message;
    let event = Fields::of(payload).with_written(unwrapped.written).with_placeholders(&PLACEHOLDERS);
    let source_type = event.free_text("Type").unwrap_or_default();
    let event_type = canonical_type(&source_type, &event);
    let first = |names: &[&str]| first_id(&event, names);
    // ContactID changes on a transfer; the master contact and the interaction stay.
    let conversation = first(&[
        "MasterID",
        "MasterId",
        "InteractionId",
        "InteractionID",
        "CaseId",
        "ContactID",
        "ContactId",
    ]);
    let contact = first(&CONTACT);
    let agent = first(&["AgentId"]);
    let mut mapped = Mapped {
        event_type: event_type.unwrap_or(types::PLATFORM_EVENT),
        unknown_type: event_type.is_none(),
        org: configured_org.map(ToOwned::to_owned).or_else(|| event.text("BusNo")),
        entity: agent
            .clone()
            .map(|id| ("agent".into(), id))
            .or_else(|| first(&["SessionId"]).map(|id| ("agent_session".into(), id))),
        conversation_id: conversation,
        contact_id: contact.clone(),
        agent_id: agent,
        queue_id: first(&["SkillId", "Skill"]),
        media_type: media(&source_type),
        direction: direction(&event),
        times: times(unwrapped, &["/LastStateChangeTimeUTC", "/StartTimeUTC", "/StartTime"]),
        channel: Some("agent-session"),
        identity: Identity::of_body(
            format!("agent-session.{source_type}"),
            payload,
            occurrence(&event, event_type),
        ),
        source_type,
        ..Mapped::default()
    };
    // Each agent's part of a call is a contact of its own.
    let is_part = matches!(mapped.event_type, types::PARTICIPANT_CONNECTED | types::PARTICIPANT_DISCONNECTED);
    mapped.attribute("sessionId", contact.filter(|_| is_part));
    for (name, value) in event.members("") {
        match KNOWN.contains(&name) {
            true => mapped.attribute(name, value.text("")),
            false => mapped.tenant_attributes.extend(value.free_text("").map(|text| (name.to_owned(), text))),
        }
    }
    mapped
}

/// The first id that is somebody's or something's: 0 is nobody and nothing.
fn first_id(event: &Fields<'_>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| somebody(event.text(name)))
}

/// The platform numbers nothing here and gives no ids. What tells one occurrence from another is the time of the
/// change, where it is told to the millisecond, or that the thing happens once: a session begins and ends once, a
/// contact is final once. (`StartTimeUTC` is when the contact began, whatever state it is in.)
fn occurrence(event: &Fields<'_>, event_type: Option<&str>) -> Occurrence {
    let once_by = match event_type {
        Some(types::AGENT_SESSION_STARTED | types::AGENT_SESSION_ENDED) => first_id(event, &["SessionId"]),
        Some(types::PARTICIPANT_DISCONNECTED) => first_id(event, &CONTACT),
        _ => None,
    };
    let exact = event.time("LastStateChangeTimeUTC").is_some_and(|time| time % 1_000 != 0);
    Occurrence::in_body_or_unnamed(exact || once_by.is_some())
}

fn canonical_type(source_type: &str, event: &Fields<'_>) -> Option<&'static str> {
    Some(match source_type {
        "AgentSessionStart" => types::AGENT_SESSION_STARTED,
        "AgentSessionEnd" => types::AGENT_SESSION_ENDED,
        "AgentState" => types::AGENT_STATE_CHANGED,
        "AgentLeg" => types::AGENT_LEG_CHANGED,
        // A contact is finished only when its final state says so, after the agent's wrap-up.
        "CallContactEvent"
        | "DigitalContactEvent"
        | "WorkItemContactEvent"
        | "VoiceMailContactEvent"
        | "ChatContactEvent"
        | "EmailContactEvent" => match event.lower("FinalState").as_deref() {
            Some("true") => types::PARTICIPANT_DISCONNECTED,
            _ if event.lower("Status").as_deref() == Some("active") => types::PARTICIPANT_CONNECTED,
            _ => types::PARTICIPANT_CHANGED,
        },
        known if UNTYPED.contains(&known) => types::PLATFORM_EVENT,
        _ => return None,
    })
}

fn media(source_type: &str) -> Option<String> {
    let medium = match source_type {
        "CallContactEvent" => "voice",
        "DigitalContactEvent" => "digital",
        "WorkItemContactEvent" => "workitem",
        "VoiceMailContactEvent" => "voicemail",
        "ChatContactEvent" => "chat",
        "EmailContactEvent" => "email",
        _ => return None,
    };
    Some(medium.to_owned())
}

fn direction(event: &Fields<'_>) -> Option<String> {
    match event.lower("IsInbound")?.as_str() {
        "true" => Some("inbound".to_owned()),
        "false" => Some("outbound".to_owned()),
        _ => None,
    }
}
