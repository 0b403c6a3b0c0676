//! ServiceNow: the open tickets of a customer.

use std::time::Duration;

use crate::{Capabilities, ClientAuthentication, Limits, Login, ProfileField, Rate};

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
    probe: "/api/now/stats/incident?sysparm_count=true",
    profile_fields: &[ProfileField::OpenTickets],
    profile_class: Some("stats"),
    operations: &[],
};
