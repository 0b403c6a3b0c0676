//! The sections of targets: the simulated systems.

use std::fmt::Write as _;

use trunkline_simulators::{Addresses, Credentials};

use super::{Choices, Layout};

/// How many calls each target may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// What the layout's quotas allow, shared by its processors.
    Quotas,
    /// So many a second.
    PerSecond(u32),
}

/// One target, as the simulators have it.
struct Target<'a> {
    name: &'static str,
    base_url: &'a str,
    login: String,
    /// The section of its profile, for what the simulated organisation keeps in fields of its own; empty where all is
    /// in the standard product's.
    profile: &'static str,
}

/// The simulated Salesforce knows customers by a field of its own, and has a tier and an e-mail address.
const SALESFORCE_PROFILE: &str = r#"[targets.salesforce.profile]
key = "CustomerNumber__c"
phone = ["Phone"]
email = ["Email__c"]
[targets.salesforce.profile.fields]
accountName = "Name"
loyaltyTier = "LoyaltyTier__c"
lastInteractionDate = "LastActivityDate"
"#;

pub(super) fn push(
    text: &mut String,
    layout: &Layout,
    choices: &Choices,
    addresses: &Addresses,
    credentials: &Credentials,
) {
    let all = all(layout, addresses, credentials);
    for name in choices.targets {
        if let Some(target) = all.iter().find(|target| target.name == *name) {
            push_one(text, layout, choices, target);
        }
    }
}

fn all<'a>(layout: &Layout, addresses: &'a Addresses, credentials: &Credentials) -> [Target<'a>; 4] {
    let secrets = layout.secrets.display();
    let oauth = |token_url: String, client_id: &str, file: &str| {
        format!(
            "token_url = \"{token_url}\"\nclient_id = \"{client_id}\"\nclient_secret = \"file:{secrets}/{file}\""
        )
    };
    let Credentials { genesys_client_id, salesforce_client_id, servicenow_client_id, sap_username, .. } =
        credentials;
    let Addresses { genesys_login, genesys_api, salesforce, sap, servicenow, .. } = addresses;
    [
        Target {
            name: "genesys",
            base_url: genesys_api,
            login: oauth(format!("{genesys_login}/oauth/token"), genesys_client_id, "genesys-client-secret"),
            profile: "",
        },
        Target {
            name: "salesforce",
            base_url: salesforce,
            login: oauth(
                format!("{salesforce}/services/oauth2/token"),
                salesforce_client_id,
                "salesforce-client-secret",
            ),
            profile: SALESFORCE_PROFILE,
        },
        Target {
            name: "sap",
            base_url: sap,
            login: format!("username = \"{sap_username}\"\npassword = \"file:{secrets}/sap-password\""),
            profile: "",
        },
        Target {
            name: "servicenow",
            base_url: servicenow,
            login: oauth(
                format!("{servicenow}/oauth_token.do"),
                servicenow_client_id,
                "servicenow-client-secret",
            ),
            profile: "",
        },
    ]
}

fn push_one(text: &mut String, layout: &Layout, choices: &Choices, target: &Target<'_>) {
    let Target { name, base_url, login, profile } = target;
    let org = if *name == "genesys" { choices.genesys_org } else { choices.org };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n[targets.{name}]\nsystem = \"{name}\"\norg = \"{org}\"\nbase_url = \"{base_url}\"\n{login}\n"
    );
    match choices.rate {
        Rate::PerSecond(calls) => {
            let _ = write!(text, "rate_calls = {calls}\nrate_per = \"1s\"\n");
        }
        Rate::Quotas => {
            if let Some(quota) = layout.quotas.iter().find(|quota| quota.system == *name) {
                // No leases yet: what the system allows is shared out by configuration.
                let calls = (quota.calls / layout.processors.max(1) as usize).max(1);
                let _ = write!(text, "rate_calls = {calls}\nrate_per = \"{}ms\"\n", quota.window_ms as u64);
            }
        }
    }
    text.push_str(profile);
    if let Some(seconds) = layout.breakers_open_for {
        let _ = write!(text, "[targets.{name}.breaker]\nopen_for = \"{seconds}s\"\n");
    }
}
