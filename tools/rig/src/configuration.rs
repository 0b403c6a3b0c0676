//! The `trunkline.toml` of a run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use trunkline_simulators::generator::{CXONE_TENANT, GENESYS_ORG};
use trunkline_simulators::{Addresses, Credentials};
use trunkline_verifier::judge::quota::Quota;

/// Where everything of one configuration is.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Bootstrap servers.
    pub kafka: String,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Copies of each partition.
    pub replication: i32,
    /// Put before every topic, group and transactional id.
    pub prefix: String,
    /// Folder of the secrets, one file each.
    pub secrets: PathBuf,
    /// Folder of the state stores.
    pub state: PathBuf,
    /// `host:port` where webhooks arrive.
    pub ingest: String,
    /// `host:port` of the admin ports of ingest, processor and sink.
    pub admin: [String; 3],
    /// Instances of the processor, which share each system's quota.
    pub processors: u32,
    /// Calls that the outside systems allow.
    pub quotas: Vec<Quota>,
    /// How long breakers stay open, in seconds.
    pub breakers_open_for: u32,
}

/// Partitions of a run's topics.
pub const PARTITIONS: i32 = 6;

/// Sources, in the order of the file: kind, and how its deliveries are verified.
const SOURCES: &str = r#"
[sources.genesys-eventbridge]
kind = "genesys-eventbridge"
[sources.genesys-eventbridge.verify]
method = "api_key"
header = "x-api-key"
keys = ["file:{secrets}/eventbridge-api-key"]

[sources.genesys-open-messaging]
kind = "genesys-open-messaging"
org = "{genesys_org}"
[sources.genesys-open-messaging.verify]
method = "hmac"
header = "X-Hub-Signature-256"
prefix = "sha256="
encoding = "base64"
secrets = ["file:{secrets}/open-messaging-secret"]

[sources.cxone-digital]
kind = "cxone-digital"
org = "{cxone_tenant}"
[sources.cxone-digital.verify]
method = "bearer"
tokens = ["file:{secrets}/cxone-bearer"]
"#;

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
[rules.routing.attributes]
greeting = 'profile.accountName == null ? "Welcome" : "Welcome, " + profile.accountName'

[[rules.routing]]
id = "many-open-tickets"
on = ["conversation.started"]
when = 'profile != null && profile.openTickets != null && profile.openTickets >= 3'
queue = '"technical"'
priority = '5'

[[rules.routing]]
id = "digital-channels"
on = ["conversation.started"]
when = 'event.mediaType != null && event.mediaType in ["message", "chat"]'
queue = '"sales"'

# The agent's script sees the tier before the call is answered.
[[rules.writeback]]
id = "tier-for-the-agent"
on = ["conversation.started"]
when = 'event.platform == "genesys" && event.participantId != null && profile != null && profile.loyaltyTier == "GOLD"'
target = "genesys"
operation = "participant_attributes"
expires = "1h"
[rules.writeback.parameters]
conversationId = 'event.conversationId'
participantId = 'event.participantId'
[rules.writeback.fields]
customerTier = 'profile.loyaltyTier'
routedTo = 'decision == null ? "general" : decision.queue'

# Every ended conversation becomes a record in the CRM, under an id of ours, so that it is there once.
[[rules.writeback]]
id = "conversation-into-the-crm"
on = ["conversation.ended"]
when = 'event.customerId != null'
target = "salesforce"
operation = "upsert"
[rules.writeback.parameters]
object = '"Conversation__c"'
externalIdField = '"ExternalId__c"'
externalId = 'event.platform + "-" + event.conversationId'
[rules.writeback.fields]
CustomerNumber__c = 'event.customerId'
Platform__c = 'event.platform'
Transfers__c = 'string(conversation.transfers)'

# A rule on trial: what it would write is in writeback.results, and nothing is written.
[[rules.writeback]]
id = "transferred-often-on-trial"
on = ["conversation.ended"]
when = 'event.customerId != null && conversation.transfers > 0'
target = "salesforce"
operation = "upsert"
observe = true
[rules.writeback.parameters]
object = '"CallbackRequest__c"'
externalIdField = '"ExternalId__c"'
externalId = 'event.platform + "-" + event.conversationId'
[rules.writeback.fields]
CustomerNumber__c = 'event.customerId'
Reason__c = '"transferred " + string(conversation.transfers) + " times"'
"#;

/// The text of the configuration.
pub fn text(layout: &Layout, addresses: &Addresses, credentials: &Credentials) -> String {
    let mut text = general(layout);
    let secrets = layout.secrets.display().to_string();
    let filled = |template: &str| {
        template
            .replace("{secrets}", &secrets)
            .replace("{genesys_org}", GENESYS_ORG)
            .replace("{cxone_tenant}", CXONE_TENANT)
    };
    text.push_str(&filled(SOURCES));
    let Credentials { genesys_client_id, salesforce_client_id, servicenow_client_id, sap_username, .. } =
        credentials;
    let Addresses { genesys_login, genesys_api, salesforce, sap, servicenow, .. } = addresses;
    let oauth = |token_url: String, client_id: &str, file: &str| {
        format!(
            "token_url = \"{token_url}\"\nclient_id = \"{client_id}\"\nclient_secret = \"file:{secrets}/{file}\""
        )
    };
    let targets = [
        (
            "genesys",
            GENESYS_ORG,
            genesys_api,
            oauth(format!("{genesys_login}/oauth/token"), genesys_client_id, "genesys-client-secret"),
        ),
        (
            "salesforce",
            "demo",
            salesforce,
            oauth(
                format!("{salesforce}/services/oauth2/token"),
                salesforce_client_id,
                "salesforce-client-secret",
            ),
        ),
        (
            "sap",
            "demo",
            sap,
            format!("username = \"{sap_username}\"\npassword = \"file:{secrets}/sap-password\""),
        ),
        (
            "servicenow",
            "demo",
            servicenow,
            oauth(format!("{servicenow}/oauth_token.do"), servicenow_client_id, "servicenow-client-secret"),
        ),
    ];
    for (name, org, base_url, login) in targets {
        push_target(&mut text, layout, name, org, base_url, &login);
    }
    text.push_str(
        "\n[enrichment]\ntargets = [\"salesforce\", \"sap\", \"servicenow\"]\ndeadline = \"250ms\"\n",
    );
    text.push_str(RULES);
    text
}

fn general(layout: &Layout) -> String {
    let Layout { kafka, registry, replication, prefix, state, ingest, admin, .. } = layout;
    let [ingest_admin, processor_admin, sink_admin] = admin;
    let state = state.display();
    format!(
        "# Written for one run; `trunkline init` writes one to start from.\n\
         [kafka]\nbrokers = \"{kafka}\"\nprefix = \"{prefix}\"\npartitions = {PARTITIONS}\nreplication = {replication}\n\n\
         [registry]\nurl = \"{registry}\"\n\n\
         [ingest]\nlisten = \"{ingest}\"\nadmin = \"{ingest_admin}\"\n\n\
         [processor]\nadmin = \"{processor_admin}\"\nstate_dir = \"{state}\"\n\n\
         [sink]\nadmin = \"{sink_admin}\"\n"
    )
}

fn push_target(text: &mut String, layout: &Layout, name: &str, org: &str, base_url: &str, login: &str) {
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n[targets.{name}]\nsystem = \"{name}\"\norg = \"{org}\"\nbase_url = \"{base_url}\"\n{login}\n"
    );
    if let Some(quota) = layout.quotas.iter().find(|quota| quota.system == name) {
        // No leases yet: what the system allows is shared out by configuration.
        let calls = (quota.calls / layout.processors.max(1) as usize).max(1);
        let _ = write!(text, "rate_calls = {calls}\nrate_per = \"{}ms\"\n", quota.window_ms as u64);
    }
    let _ = write!(text, "[targets.{name}.breaker]\nopen_for = \"{}s\"\n", layout.breakers_open_for);
}

/// Writes a file that only its owner reads.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}
