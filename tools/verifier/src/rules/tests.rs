//! Rules against an event as it is published.

use std::path::Path;

use apache_avro::types::Value;

use super::*;

const CONFIGURATION: &str = r#"
    [kafka]
    brokers = "x:1"
    [registry]
    url = "http://x"
    [targets.crm]
    system = "salesforce"
    org = "acme"
    [[rules.routing]]
    id = "broken"
    on = ["conversation.started"]
    when = 'profile.loyaltyTier'
    queue = '"never"'
    [[rules.routing]]
    id = "gold"
    on = ["conversation.started"]
    when = 'profile != null && profile.loyaltyTier == "GOLD"'
    queue = '"vip"'
    priority = '10'
    skills = '["retention"]'
    [[rules.writeback]]
    id = "tell"
    on = ["conversation.started"]
    target = "crm"
    operation = "upsert"
    expires = "1h"
    [rules.writeback.parameters]
    object = '"Case"'
    externalIdField = '"Ext__c"'
    externalId = 'event.conversationId'
    [rules.writeback.fields]
    Tier__c = 'profile == null ? null : profile.loyaltyTier'
    Queue__c = 'decision == null ? "none" : decision.queue'
    Time__c = 'event.eventTime + 1'
"#;

fn event(tier: Option<&str>) -> Fields {
    let text = |text: &str| Value::String(text.to_owned());
    let profile =
        tier.map_or(Value::Null, |tier| Value::Record(vec![("loyaltyTier".to_owned(), text(tier))]));
    let fields = [
        ("eventId", text("e1")),
        ("eventType", text("conversation.started")),
        ("correlationId", text("k1")),
        ("conversationId", Value::Union(1, Box::new(text("c1")))),
        ("participantId", Value::Union(0, Box::new(Value::Null))),
        ("eventTime", Value::TimestampMillis(41)),
        ("profile", Value::Union(1, Box::new(profile))),
        ("conversation", Value::Record(vec![("transfers".to_owned(), Value::Int(0))])),
    ];
    Fields::new(fields.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

fn expected(tier: Option<&str>) -> Expected {
    let configuration = Configuration::parse(CONFIGURATION, Path::new("x")).unwrap();
    Rules::compile(&configuration).unwrap().apply(&event(tier)).unwrap().unwrap()
}

#[test]
fn the_first_rule_that_matches_decides_and_the_write_sees_it() {
    let expected = expected(Some("GOLD"));
    let (rule, choice) = expected.decision.unwrap();
    assert_eq!((rule.as_str(), choice.queue.as_str(), choice.priority), ("gold", "vip", Some(10)));
    assert_eq!(choice.skills, ["retention"]);
    assert_eq!(expected.failing, ["broken"]);
    let (write, expires_ms) = &expected.commands["tell"];
    assert_eq!(write.resource, "salesforce/acme/Case/Ext__c/c1");
    let fields: Vec<_> = write.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(fields, [("Queue__c", "vip"), ("Tier__c", "GOLD"), ("Time__c", "42")]);
    assert_eq!(write.parameters["conversationId"], "c1");
    assert_eq!(*expires_ms, Some(3_600_000));
}

#[test]
fn what_is_null_is_not_written() {
    let expected = expected(None);
    assert_eq!(expected.decision, None);
    let (write, _) = &expected.commands["tell"];
    assert_eq!(write.fields.keys().map(String::as_str).collect::<Vec<_>>(), ["Queue__c", "Time__c"]);
    assert_eq!(write.fields["Queue__c"], "none");
}

#[test]
fn an_expression_that_cannot_be_read_is_an_error() {
    let wrong = CONFIGURATION.replace("'\"vip\"'", "'((('");
    let configuration = Configuration::parse(&wrong, Path::new("x")).unwrap();
    assert!(matches!(Rules::compile(&configuration), Err(Error::Expression { .. })));
}
