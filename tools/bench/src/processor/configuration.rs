//! The `trunkline.toml` of a contender, from which the others take their settings too.

use std::fmt::Write as _;
use std::path::Path;

use trunkline_simulators::{Addresses, Credentials};

use super::workload::{ORG, SOURCE};

/// Partitions of every topic.
pub const PARTITIONS: i32 = 6;

/// How often every contender commits, in milliseconds: the processor's default.
pub const COMMIT_INTERVAL_MS: u32 = 50;

/// Where everything of one configuration is.
#[derive(Debug)]
pub struct Layout<'a> {
    /// Bootstrap servers.
    pub kafka: &'a str,
    /// Base URL of the registry's Confluent API.
    pub registry: &'a str,
    /// Put before every topic, group and transactional id.
    pub prefix: &'a str,
    /// Folder of the secrets, one file each.
    pub secrets: &'a Path,
    /// Folder of the state stores.
    pub state: &'a Path,
    /// Port for probes and metrics.
    pub admin: u16,
    /// How events get their customers' profiles.
    pub profiles: Profiles,
}

/// How long a profile lasts, and how long an event waits for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profiles {
    /// Never too old within a run, so each customer is looked up once, during the warm-up; a long deadline makes the first
    /// events wait for that, so that none goes out without.
    Lasting,
    /// Looked up again when older than this, in milliseconds, so that lookups go on all the time; the deadline is the
    /// processor's default.
    Renewed(u32),
}

/// Every started conversation is routed by one of two rules.
const RULES: &str = r#"
[rules]
default_queue = "general"

[[rules.routing]]
id = "gold-customers-first"
on = ["conversation.started"]
when = 'profile != null && profile.loyaltyTier == "GOLD"'
queue = '"vip"'
priority = '10'
skills = '["retention"]'

[[rules.routing]]
id = "everybody-else"
on = ["conversation.started"]
queue = '"general"'
"#;

/// The text of the configuration.
pub fn text(layout: &Layout<'_>, addresses: &Addresses, credentials: &Credentials) -> String {
    let Layout { kafka, registry, prefix, secrets, state, admin, profiles } = layout;
    let (secrets, state) = (secrets.display(), state.display());
    let profiles = match profiles {
        Profiles::Lasting => "freshness = \"12h\"\ndeadline = \"30s\"".to_owned(),
        Profiles::Renewed(after_ms) => format!("freshness = \"{after_ms}ms\""),
    };
    let mut text = format!(
        r#"
[kafka]
brokers = "{kafka}"
prefix = "{prefix}"
partitions = {PARTITIONS}
replication = 1

[registry]
url = "{registry}"

[processor]
admin = "127.0.0.1:{admin}"
state_dir = "{state}"
commit_interval = "{COMMIT_INTERVAL_MS}ms"

[sources.{SOURCE}]
kind = "genesys-eventbridge"
org = "{ORG}"
order = "causal"
[sources.{SOURCE}.verify]
method = "api_key"
header = "x-api-key"
keys = ["file:{secrets}/eventbridge-api-key"]

[enrichment]
targets = ["salesforce", "sap", "servicenow"]
{profiles}
"#
    );
    let oauth = |url: &str, client: &str, name: &str| {
        format!(
            "token_url = \"{url}\"\nclient_id = \"{client}\"\nclient_secret = \"file:{secrets}/{name}-client-secret\""
        )
    };
    let Addresses { salesforce, sap, servicenow, .. } = addresses;
    let Credentials { salesforce_client_id, servicenow_client_id, sap_username, .. } = credentials;
    let salesforce_token = format!("{salesforce}/services/oauth2/token");
    let servicenow_token = format!("{servicenow}/oauth_token.do");
    for (name, url, login) in [
        ("salesforce", salesforce, oauth(&salesforce_token, salesforce_client_id, "salesforce")),
        ("sap", sap, format!("username = \"{sap_username}\"\npassword = \"file:{secrets}/sap-password\"")),
        ("servicenow", servicenow, oauth(&servicenow_token, servicenow_client_id, "servicenow")),
    ] {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[targets.{name}]\nsystem = \"{name}\"\norg = \"demo\"\nbase_url = \"{url}\"\n{login}\nrate_calls = 100000\nrate_per = \"1s\"\n"
        );
    }
    text + RULES
}
