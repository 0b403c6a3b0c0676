//! ServiceNow: the open tickets of a customer.

use std::time::Duration;

use crate::{
    ApiVersion, Capabilities, ClientAuthentication, Limits, Login, ProfileField, QueryLanguage, Rate,
    StandardProfile, StandardRelated, VersionForm,
};

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "servicenow",
    limits: Limits {
        // A cautious share of what an instance may be called.
        default_rate: Rate { calls: 10, per: Duration::from_secs(1) },
        // Its rate rules count by the hour.
        window: Some(Duration::from_secs(3_600)),
    },
    // Its token endpoint reads the client from the form only.
    logins: &[Login::Basic, Login::ClientCredentials],
    client_authentication: ClientAuthentication::Form,
    api_version: ApiVersion::Segment { before: "/api/now", default: None, form: VersionForm::Major },
    probe: Some("/stats/incident?sysparm_count=true"),
    probe_permissions: "OAuth scope 'useraccount' or a role for the REST API; read access (ACL) to incident, as the \
                        role itil has",
    profile_fields: &[ProfileField::OpenTickets],
    profile_classes: &["table", "stats"],
    standard_profile: Some(&CALLERS),
    contacts_class: None,
    contacts_permissions: "",
    sources_class: None,
    operations: &[],
};

/// Callers of incidents, which every instance has; those of the customer service product are tables that it adds.
const CALLERS: StandardProfile = StandardProfile {
    language: QueryLanguage::Encoded,
    object: "sys_user",
    id: "sys_id",
    key: "user_name",
    phone: &["phone", "mobile_phone"],
    email: &["email"],
    fields: &[],
    readable: &[ProfileField::AccountName, ProfileField::LoyaltyTier],
    permissions: "OAuth scope 'useraccount' or a role for the REST API; read access (ACL) to the tables and the fields \
                  that conditions name, as the role itil has for incidents",
    describe_permissions: "read access (ACL) to sys_db_object and sys_dictionary, as the role personalize_dictionary has",
    related: Some(StandardRelated {
        name: "tickets",
        object: "incident",
        key: "caller_id.user_name",
        filter: "active=true",
        money: None,
    }),
};
