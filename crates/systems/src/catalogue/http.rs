//! Any JSON API over HTTP: what it is asked, the configuration says.

use std::time::Duration;

use crate::{ApiVersion, Capabilities, ClientAuthentication, Limits, Login, Rate};

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "http",
    limits: Limits {
        // A cautious share of what a service may be called; its owner knows better.
        default_rate: Rate { calls: 10, per: Duration::from_secs(1) },
        window: None,
    },
    logins: &[Login::ClientCredentials, Login::Basic, Login::ApiKey, Login::None],
    // The one that RFC 6749 section 2.3.1 asks every server for.
    client_authentication: ClientAuthentication::Header,
    api_version: ApiVersion::InPaths,
    probe: None,
    probe_permissions: "",
    profile_fields: &[],
    profile_classes: &[],
    standard_profile: None,
    contacts_class: None,
    contacts_permissions: "",
    sources_class: Some("source"),
    operations: &[],
};
