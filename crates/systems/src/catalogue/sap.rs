//! SAP S/4HANA: the balance of a customer.

use std::time::Duration;

use crate::{Capabilities, ClientAuthentication, Limits, Login, ProfileField, Rate};

pub(super) const CAPABILITIES: Capabilities = Capabilities {
    name: "sap",
    limits: Limits {
        // A cautious share of what an organisation may call.
        default_rate: Rate { calls: 10, per: Duration::from_secs(1) },
        window: None,
    },
    logins: &[Login::Basic, Login::ClientCredentials],
    client_authentication: ClientAuthentication::Header,
    probe: "/sap/opu/odata/sap/API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube?$top=1&$format=json",
    profile_fields: &[ProfileField::Balance],
    profile_class: Some("open_items"),
    operations: &[],
};
