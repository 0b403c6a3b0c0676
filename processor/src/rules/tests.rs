//! Rules as an integrator writes them.

use trunkline_schemas::{Enrichment, EnrichmentStatus, Ordering, OrderingMode, ProfileView};

use super::*;
use crate::conversation::Conversation;
use crate::testing::event;

const HEAD: &str = r#"
allow_env_secrets = true
[kafka]
brokers = "localhost:9092"
[registry]
url = "http://localhost:8081"
[targets.genesys]
system = "genesys"
org = "org"
base_url = "http://localhost:1"
token_url = "http://localhost:1/oauth/token"
client_id = "id"
client_secret = "env:PATH"
[targets.salesforce]
system = "salesforce"
org = "org"
base_url = "http://localhost:1"
token_url = "http://localhost:1/oauth/token"
client_id = "id"
client_secret = "env:PATH"
[rules]
default_queue = "general"
"#;

fn rules(text: &str) -> RuleSet {
    let config =
        trunkline_config::parse(&format!("{HEAD}{text}"), "trunkline.toml").unwrap_or_else(|m| panic!("{m}"));
    RuleSet::compile(&config).unwrap()
}

fn enriched(tier: Option<&str>) -> EnrichedEvent {
    let mut event = event("c1", "conversation.started", 1_000);
    event.customer_id = Some("C-1".to_owned());
    event.attributes.insert("ani".to_owned(), "+4930".to_owned());
    let mut conversation = Conversation::default();
    conversation.apply(&event);
    let profile = tier.map(|tier| ProfileView {
        customer_id: "C-1".to_owned(),
        account_name: None,
        loyalty_tier: Some(tier.to_owned()),
        balance: None,
        currency: None,
        open_tickets: Some(4),
        last_interaction_date: None,
    });
    EnrichedEvent::new(
        event,
        profile,
        Enrichment { status: EnrichmentStatus::Complete, sources: Vec::new() },
        Ordering { position: 1, mode: OrderingMode::Causal, late: false, gap_before: false },
        conversation.summary(1),
    )
}

const ROUTING: &str = r#"
[[rules.routing]]
id = "gold"
on = ["conversation.started"]
when = 'profile != null && profile.loyaltyTier == "GOLD"'
queue = '"vip"'
priority = '10 + profile.openTickets'
skills = '["retention", event.mediaType]'
[rules.routing.attributes]
greeting = 'profile.accountName'
from = 'event.attributes["ani"]'

[[rules.routing]]
id = "rest"
on = ["conversation.started"]
queue = '"general"'
"#;

#[test]
fn the_first_rule_that_matches_decides() {
    let rules = rules(ROUTING);
    let decision = rules.evaluate(&enriched(Some("GOLD")), 5, "p").decision.unwrap();
    assert_eq!((decision.queue.as_str(), decision.priority), ("vip", Some(14)));
    assert_eq!(decision.skills, ["retention", "voice"]);
    // Unknown is not written.
    assert_eq!(decision.attributes, BTreeMap::from([("from".to_owned(), "+4930".to_owned())]));
    assert_eq!((decision.rule_id.as_str(), decision.decided_at), ("gold", 5));
    assert!(!decision.rule_set_version.is_empty());

    let decision = rules.evaluate(&enriched(None), 5, "p").decision.unwrap();
    assert_eq!((decision.queue.as_str(), decision.rule_id.as_str()), ("general", "rest"));
}

#[test]
fn a_replay_decides_and_commands_under_the_same_ids() {
    let rules = rules(&format!(
        r#"{ROUTING}
[[rules.writeback]]
id = "tier"
on = ["conversation.started"]
target = "genesys"
operation = "participant_attributes"
expires = "1h"
[rules.writeback.fields]
tier = 'profile == null ? null : profile.loyaltyTier'
queue = 'decision.queue'
[[rules.writeback]]
id = "crm"
on = ["conversation.started"]
target = "salesforce"
operation = "upsert"
observe = true
[rules.writeback.parameters]
object = '"Conversation__c"'
externalIdField = '"ExternalId__c"'
externalId = 'event.conversationId'
[rules.writeback.fields]
State__c = 'conversation.state'
"#
    ));
    let first = rules.evaluate(&enriched(Some("GOLD")), 5, "p");
    let again = rules.evaluate(&enriched(Some("GOLD")), 999, "q");
    assert_eq!(first.errors, []);
    assert_eq!(first.write_backs.len(), 2);
    for (one, other) in first.write_backs.iter().zip(&again.write_backs) {
        assert_eq!(one.command_id, other.command_id);
    }
    assert_ne!(first.write_backs[0].command_id, first.write_backs[1].command_id);
    assert_eq!(first.write_backs[0].resource, "genesys/org/conversations/c1/participants/participant");
    assert_eq!(first.write_backs[0].fields["queue"], "vip");
    assert_eq!(first.write_backs[0].expires_at, Some(5 + 3_600_000));
    assert_eq!(first.write_backs[1].resource, "salesforce/org/Conversation__c/ExternalId__c/c1");
    assert!(first.write_backs[1].observe);
}

#[test]
fn a_rule_that_fails_is_reported_and_the_others_go_on() {
    let rules = rules(
        r#"
[[rules.routing]]
id = "broken"
on = ["conversation.started"]
queue = 'event.attributes["missing"]'
[[rules.routing]]
id = "sound"
on = ["conversation.started"]
queue = '"general"'
"#,
    );
    let outcome = rules.evaluate(&enriched(None), 5, "p");
    assert_eq!(outcome.decision.unwrap().rule_id, "sound");
    assert_eq!(outcome.errors.len(), 1);
    assert_eq!(outcome.errors[0].code, "TL-3002");
    assert!(outcome.errors[0].message.contains("'broken'"), "{}", outcome.errors[0].message);
}

#[test]
fn events_that_no_rule_names_cost_nothing_and_yield_nothing() {
    let mut other = enriched(Some("GOLD"));
    other.event_type = "message.received".to_owned();
    assert_eq!(rules(ROUTING).evaluate(&other, 5, "p"), Outcome::default());
}
