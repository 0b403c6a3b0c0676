//! The rules of demo and chaos.

/// Routing by tier, open tickets and medium; write-backs to Genesys and Salesforce, one of them on trial.
pub const DAY: &str = r#"
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
CustomerNumber__c = 'profile != null && "salesforce" in profile.numbers ? profile.numbers["salesforce"] : null'
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
CustomerNumber__c = 'profile != null && "salesforce" in profile.numbers ? profile.numbers["salesforce"] : null'
Reason__c = '"transferred " + string(conversation.transfers) + " times"'
"#;
