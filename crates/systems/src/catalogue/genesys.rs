//! Genesys Cloud.

use std::time::Duration;

use crate::{
    ApiVersion, Body, Capabilities, ClientAuthentication, Concurrency, EventParameter, FieldNames, Guarantee,
    Limits, Login, Operation, Parameter, Rate,
};

/// Genesys counts calls by the minute; its headers tell how many and when the minute ends, not that it is
/// one.
const MINUTE: Duration = Duration::from_secs(60);

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "genesys",
    limits: Limits {
        // Documented for each token.
        default_rate: Rate { calls: 300, per: MINUTE },
        window: Some(MINUTE),
    },
    logins: &[Login::ClientCredentials],
    client_authentication: ClientAuthentication::Header,
    api_version: ApiVersion::InPaths,
    probe: Some("/api/v2/tokens/me"),
    probe_permissions: "",
    profile_fields: &[],
    profile_classes: &[],
    standard_profile: None,
    contacts_class: Some("externalcontacts.read"),
    contacts_permissions: "OAuth scope 'external-contacts:readonly', and a role with \
                           externalContacts:contact:view in the divisions of the contacts",
    sources_class: None,
    operations: &[PARTICIPANT_ATTRIBUTES],
};

/// Sets attributes of a participant. There is no version to check; setting a value again changes nothing.
const PARTICIPANT_ATTRIBUTES: Operation = Operation {
    name: "participant_attributes",
    parameters: &[
        Parameter::Event(EventParameter::ConversationId),
        Parameter::Event(EventParameter::ParticipantId),
    ],
    resource: "conversations/{conversationId}/participants/{participantId}",
    field_names: FieldNames::Any,
    body: Body::FieldsUnder("attributes"),
    guarantee: Guarantee::Absolute,
    concurrency: Concurrency::LastWriterWins,
    permissions: "OAuth scope 'conversations', and a role whose divisions have the conversations",
    write_class: "conversations.attributes",
    read_class: "conversations.read",
};
