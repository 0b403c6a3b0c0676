//! NICE CXone: nothing is read from it or written to it yet.

use std::time::Duration;

use crate::{ApiVersion, Capabilities, ClientAuthentication, Limits, Login, Rate};

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "cxone",
    limits: Limits {
        // A cautious share of what an organisation may call.
        default_rate: Rate { calls: 10, per: Duration::from_secs(1) },
        window: None,
    },
    logins: &[Login::AccessKey, Login::ClientCredentials],
    // As its OpenAPI description has it: Basic(urlencode(client_id):urlencode(client_secret)).
    client_authentication: ClientAuthentication::EncodedHeader,
    api_version: ApiVersion::InPaths,
    probe: Some("/dfo/3.0/channels"),
    // (By memory; the contracts name no permissions of NICE's.)
    probe_permissions: "a role that may view digital channels, of the employee whose access key it is, or a scope of \
                        the application",
    profile_fields: &[],
    profile_classes: &[],
    standard_profile: None,
    contacts_class: None,
    contacts_permissions: "",
    sources_class: None,
    operations: &[],
};
