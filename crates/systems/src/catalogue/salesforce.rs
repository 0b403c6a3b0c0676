//! Salesforce.

use std::time::Duration;

use crate::{
    ApiVersion, Body, Capabilities, ClientAuthentication, Concurrency, FieldNames, Guarantee, Limits, Login,
    Operation, Parameter, ProfileField, QueryLanguage, Rate, StandardProfile, VersionForm,
};

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "salesforce",
    limits: Limits {
        // A cautious share of what an organisation may call.
        default_rate: Rate { calls: 5, per: Duration::from_secs(1) },
        // It counts a rolling day and never says when calls come back: a minute later it is asked again.
        window: Some(Duration::from_secs(60)),
    },
    logins: &[Login::ClientCredentials, Login::JwtBearer],
    client_authentication: ClientAuthentication::Header,
    api_version: ApiVersion::Segment {
        before: "/services/data",
        // Spring '24, the version that the calls were first written for; every later one has them too.
        default: Some("v60.0"),
        form: VersionForm::Release,
    },
    probe: Some("/limits"),
    probe_permissions: "OAuth scope 'api', the permission 'API Enabled'",
    profile_fields: &[
        ProfileField::AccountName,
        ProfileField::LoyaltyTier,
        ProfileField::LastInteractionDate,
    ],
    profile_classes: &["query"],
    standard_profile: Some(&ACCOUNTS),
    contacts_class: None,
    contacts_permissions: "",
    sources_class: None,
    operations: &[UPSERT],
};

/// The standard object for customers. It has no field for a tier and, but for person accounts, none for e-mail.
const ACCOUNTS: StandardProfile = StandardProfile {
    language: QueryLanguage::Soql,
    object: "Account",
    id: "Id",
    key: "AccountNumber",
    phone: &["Phone"],
    email: &[],
    fields: &[(ProfileField::AccountName, "Name"), (ProfileField::LastInteractionDate, "LastActivityDate")],
    readable: &[ProfileField::AccountName, ProfileField::LoyaltyTier, ProfileField::LastInteractionDate],
    permissions: "OAuth scope 'api', the permission 'API Enabled'; Read on the object and its fields (field-level \
                  security), sharing that shows every customer's record",
    describe_permissions: "OAuth scope 'api'; fields that the user may not read are left out",
    related: None,
};

/// Creates or updates the record with an external id: doing it twice is the same as doing it once.
const UPSERT: Operation = Operation {
    name: "upsert",
    parameters: &[
        Parameter::Identifier("object"),
        Parameter::Identifier("externalIdField"),
        Parameter::Value("externalId"),
    ],
    resource: "{object}/{externalIdField}/{externalId}",
    field_names: FieldNames::Identifiers,
    // Salesforce refuses a body that names the external id which the address already tells.
    body: Body::FieldsBut("externalIdField"),
    guarantee: Guarantee::IdempotencyKey,
    concurrency: Concurrency::LastWriterWins,
    permissions: "OAuth scope 'api', the permission 'API Enabled'; Read, Create and Edit on the object and Edit on its \
                  fields (field-level security); the field of the key is marked as External ID",
    write_class: "sobjects.write",
    read_class: "sobjects.read",
};
