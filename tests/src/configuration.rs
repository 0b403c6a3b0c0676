//! What the configuration of a deployment consists of.

use trunkline_rig::configuration::Choices;
use trunkline_rig::configuration::sources::{CXONE, EVENTBRIDGE, GENESYS_ORG, OPEN_MESSAGING, Source};

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
CustomerNumber__c = 'profile != null && "salesforce" in profile.numbers ? profile.numbers["salesforce"] : null'
Events__c = 'string(conversation.events)'
"#;

/// How long ingest goes on taking webhooks after it was asked to stop: as long as a slow machine needs for one.
pub(crate) const SHUTDOWN_DELAY: &str = "shutdown_delay = \"2s\"\n";

/// A process that has just started fetches tokens and the external contact before a system is asked, which may take
/// longer than the 250 ms that an event waits by default.
const DEADLINE: &str = "deadline = \"1s\"\n";

/// All sources, that of EventBridge put in order by this mode; all systems, without limits; rules that route and write
/// back every call.
pub(crate) fn choices(order: &'static str) -> Choices {
    let eventbridge = Source { org: Some(GENESYS_ORG), order: Some(order), ..EVENTBRIDGE };
    Choices {
        sources: vec![eventbridge, OPEN_MESSAGING, CXONE],
        genesys_org: "acme",
        org: "acme",
        ingest: SHUTDOWN_DELAY.to_owned(),
        enrichment: DEADLINE.to_owned(),
        rules: RULES,
        ..Choices::default()
    }
}
