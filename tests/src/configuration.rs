//! The configuration of one program of a deployment.

use std::fmt::Write as _;
use std::path::Path;

use trunkline_simulators::Addresses;
use trunkline_simulators::generator::{CXONE_TENANT, GENESYS_ORG};

/// What differs from program to program and from test to test.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    pub(crate) kafka: &'a str,
    pub(crate) registry: &'a str,
    pub(crate) prefix: &'a str,
    /// Folder of the secrets' files.
    pub(crate) secrets: &'a Path,
    pub(crate) state: &'a Path,
    pub(crate) addresses: &'a Addresses,
    /// Port of the webhooks.
    pub(crate) listen: u16,
    /// Port for probes and metrics.
    pub(crate) admin: u16,
    /// How the EventBridge source is put in order.
    pub(crate) order: &'a str,
}

const RULES: &str = r#"
[rules]
default_queue = "general"

[[rules.routing]]
id = "gold-first"
on = ["conversation.started"]
when = 'profile != null && profile.loyaltyTier == "GOLD"'
queue = '"vip"'
priority = '9'

[[rules.routing]]
id = "everybody-else"
on = ["conversation.started"]
queue = '"general"'

[[rules.writeback]]
id = "screen-pop"
on = ["participant.connected"]
when = 'event.platform == "genesys"'
target = "genesys"
operation = "participant_attributes"
[rules.writeback.parameters]
conversationId = 'event.conversationId'
participantId = 'event.participantId'
[rules.writeback.fields]
trunklineTier = 'profile != null && profile.loyaltyTier != null ? profile.loyaltyTier : "unknown"'

[[rules.writeback]]
id = "log-conversation"
on = ["conversation.ended"]
when = 'event.platform == "genesys" && event.customerId != null'
target = "salesforce"
operation = "upsert"
[rules.writeback.parameters]
object = '"Conversation__c"'
externalIdField = '"ExternalId__c"'
externalId = 'event.conversationId'
[rules.writeback.fields]
Customer__c = 'event.customerId'
Events__c = 'string(conversation.events)'
"#;

/// The text of `trunkline.toml`.
pub(crate) fn text(settings: &Settings<'_>) -> String {
    let Settings { kafka, registry, prefix, listen, admin, order, .. } = settings;
    let secret = |name: &str| format!("file:{}", settings.secrets.join(name).display());
    let mut text = format!(
        r#"
[kafka]
brokers = "{kafka}"
prefix = "{prefix}"
partitions = 6
replication = 1

[registry]
url = "{registry}"

[ingest]
listen = "127.0.0.1:{listen}"
admin = "127.0.0.1:{admin}"

[processor]
admin = "127.0.0.1:{admin}"
state_dir = "{state}"

[sink]
admin = "127.0.0.1:{admin}"

[sources.genesys-eventbridge]
kind = "genesys-eventbridge"
org = "{GENESYS_ORG}"
order = "{order}"
[sources.genesys-eventbridge.verify]
method = "api_key"
header = "x-api-key"
keys = ["{eventbridge}"]

[sources.genesys-open-messaging]
kind = "genesys-open-messaging"
org = "{GENESYS_ORG}"
[sources.genesys-open-messaging.verify]
method = "hmac"
header = "X-Hub-Signature-256"
prefix = "sha256="
encoding = "base64"
secrets = ["{open_messaging}"]

[sources.cxone-digital]
kind = "cxone-digital"
org = "{CXONE_TENANT}"
[sources.cxone-digital.verify]
method = "bearer"
tokens = ["{cxone}"]

[enrichment]
targets = ["salesforce", "sap", "servicenow"]
"#,
        state = settings.state.display(),
        eventbridge = secret("eventbridge-api-key"),
        open_messaging = secret("open-messaging-secret"),
        cxone = secret("cxone-bearer"),
    );
    let addresses = settings.addresses;
    let login = |text: &mut String, name: &str, base: &str, token: &str, client: &str| {
        let file = secret(&format!("{name}-client-secret"));
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            r#"
[targets.{name}]
system = "{name}"
org = "acme"
base_url = "{base}"
token_url = "{token}"
client_id = "{client}"
client_secret = "{file}"
"#
        );
    };
    let genesys_token = format!("{}/oauth/token", addresses.genesys_login);
    login(&mut text, "genesys", &addresses.genesys_api, &genesys_token, "trunkline-genesys");
    let salesforce_token = format!("{}/services/oauth2/token", addresses.salesforce);
    login(&mut text, "salesforce", &addresses.salesforce, &salesforce_token, "trunkline-salesforce");
    let servicenow_token = format!("{}/oauth_token.do", addresses.servicenow);
    login(&mut text, "servicenow", &addresses.servicenow, &servicenow_token, "trunkline-servicenow");
    let _ = write!(
        text,
        r#"
[targets.sap]
system = "sap"
org = "acme"
base_url = "{}"
username = "TRUNKLINE"
password = "{}"
"#,
        addresses.sap,
        secret("sap-password"),
    );
    text + RULES
}
