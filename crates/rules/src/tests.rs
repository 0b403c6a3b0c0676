//! Rules as an integrator writes them.

use std::collections::BTreeMap;

use trunkline_config::{Case, Expected, Given, Place, Scalar};
use trunkline_plugin::{Decision, Failure, WriteBack};

use super::*;
use crate::cases::{before_enrichment, event_of};

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
    let text = |text: &str| Scalar::Text(text.to_owned());
    let profile = |tier| Given::from([("loyaltyTier", text(tier)), ("openTickets", Scalar::Integer(4))]);
    let nowhere = Place { line: 1, column: 1 };
    event_of(&Case {
        name: "a call".to_owned(),
        place: nowhere,
        event: Given::from([
            ("eventType", text("conversation.started")),
            ("conversationId", text("c1")),
            ("participantId", text("participant")),
        ]),
        attributes: BTreeMap::from([("ani".to_owned(), "+4930".to_owned())]),
        tenant_attributes: BTreeMap::from([("provider".to_owned(), "theirs".to_owned())]),
        source: Given::new(),
        profile: tier.map(profile),
        conversation: Given::new(),
        expect: Expected {
            place: nowhere,
            decision: None,
            write_backs: None,
            enriched: None,
            errors: Vec::new(),
        },
    })
    .unwrap()
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
    let mut rules = rules(ROUTING);
    let decision = rules.evaluate(&enriched(Some("GOLD")), Vec::new(), 5, "p").decision.unwrap();
    assert_eq!((decision.queue.as_str(), decision.priority), ("vip", Some(14)));
    assert_eq!(decision.skills, ["retention", "voice"]);
    // Unknown is not written.
    assert_eq!(decision.attributes, BTreeMap::from([("from".to_owned(), "+4930".to_owned())]));
    assert_eq!((decision.rule_id.as_str(), decision.decided_at), ("gold", 5));
    assert!(!decision.rule_set_version.is_empty());

    let decision = rules.evaluate(&enriched(None), Vec::new(), 5, "p").decision.unwrap();
    assert_eq!((decision.queue.as_str(), decision.rule_id.as_str()), ("general", "rest"));
}

#[test]
fn a_replay_decides_and_commands_under_the_same_ids() {
    let mut rules = rules(&format!(
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
    let first = rules.evaluate(&enriched(Some("GOLD")), Vec::new(), 5, "p");
    let again = rules.evaluate(&enriched(Some("GOLD")), Vec::new(), 999, "q");
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
    let mut rules = rules(
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
    let outcome = rules.evaluate(&enriched(None), Vec::new(), 5, "p");
    assert_eq!(outcome.decision.unwrap().rule_id, "sound");
    assert_eq!(outcome.errors.len(), 1);
    assert_eq!(outcome.errors[0].code, "TL-3002");
    assert!(outcome.errors[0].message.contains("'broken'"), "{}", outcome.errors[0].message);
}

#[test]
fn events_that_no_rule_names_cost_nothing_and_yield_nothing() {
    let mut other = enriched(Some("GOLD"));
    other.event_type = "message.received".to_owned();
    assert_eq!(rules(ROUTING).evaluate(&other, Vec::new(), 5, "p"), Outcome::default());
}

/// What `when` gives, for an event without a profile.
fn holds(when: &str) -> Result<bool, String> {
    let mut rules = rules(&format!(
        "[[rules.routing]]\nid = \"r\"\non = [\"conversation.started\"]\nwhen = '{when}'\nqueue = '\"q\"'\n"
    ));
    let outcome = rules.evaluate(&enriched(None), Vec::new(), 5, "p");
    match outcome.errors.first() {
        Some(error) => Err(error.message.clone()),
        None => Ok(outcome.decision.is_some()),
    }
}

#[test]
fn expressions_see_single_fields_and_whole_variables() {
    for (when, expected) in [
        (r#"event.conversationId == "c1" && event.agentId == null"#, true),
        (r#"event.source.kind == "genesys-eventbridge" && !event.source.backfilled"#, true),
        (r#"event.source["channel"] == "rules-test" && event["eventTime"] > 0"#, true),
        (
            r#"event.attributes.ani == "+4930" && "ani" in event.attributes && size(event.attributes) == 1"#,
            true,
        ),
        (r#"has(event.attributes.ani) && !has(event.attributes.dnis)"#, true),
        (r#"event.attributes.exists(name, name.startsWith("a"))"#, true),
        (r#"event.tenantAttributes["provider"] == "theirs" && !("provider" in event.attributes)"#, true),
        // A loop's own variable hides what has the same name outside.
        (r#"[1, 2].all(event, event > 0)"#, true),
        ("profile == null && decision == null", true),
        (
            r#"conversation.state == "started" && conversation.transfers == 0 && conversation.queuedMs == null"#,
            true,
        ),
        ("has(event.agentId) && event.sequence != null", false),
    ] {
        assert_eq!(holds(when), Ok(expected), "{when}");
    }
}

#[test]
fn every_field_of_the_vocabulary_has_a_value() {
    let event = enriched(Some("GOLD"));
    let decision = Decision::to("q");
    let variables = Variables::enriched(&event, Some(&decision));
    for (variable, fields) in trunkline_config::vocabulary::VARIABLES {
        for field in fields {
            let name = format!("{variable}.{field}");
            assert!(cel::context::VariableResolver::resolve(&variables, &name).is_some(), "{name}");
        }
    }
    for field in trunkline_config::vocabulary::SOURCE_FIELDS {
        let name = format!("event.source.{field}");
        assert!(cel::context::VariableResolver::resolve(&variables, &name).is_some(), "{name}");
    }
}

#[test]
fn every_function_of_the_vocabulary_is_one_of_the_interpreter() {
    let event = enriched(None);
    let variables = Variables::enriched(&event, None);
    let context = Environment::new().context(&variables);
    for function in trunkline_config::vocabulary::FUNCTIONS {
        let calls = [format!("{function}()"), format!("true.{function}()")];
        let undeclared = |call: &String| {
            let result = cel::Program::compile(call).unwrap().execute(&context);
            matches!(result, Err(cel::ExecutionError::UndeclaredReference(_)))
        };
        assert!(!calls.iter().all(undeclared), "{function}");
    }
}

#[test]
fn an_error_says_which_variable_was_null() {
    let error = holds("profile.openTickets > 3").unwrap_err();
    assert!(error.contains("profile is null here, guard with 'profile != null'"), "{error}");
    let error = holds(r#"event.attributes["dnis"] == "1""#).unwrap_err();
    assert!(error.contains("No such key: dnis") && !error.contains("null"), "{error}");
}

#[test]
fn a_type_that_is_named_twice_is_looked_at_once() {
    let mut rules = rules(
        r#"
[[rules.writeback]]
id = "twice"
on = ["conversation.started", "conversation.started"]
target = "genesys"
operation = "participant_attributes"
[rules.writeback.fields]
tier = '"x"'
"#,
    );
    assert_eq!(rules.evaluate(&enriched(None), Vec::new(), 5, "p").write_backs.len(), 1);
}

#[test]
fn plugins_come_before_rules_and_their_commands_are_told_apart() {
    let mut rules = rules(&format!(
        r#"{ROUTING}
[[rules.writeback]]
id = "tier"
on = ["conversation.started"]
target = "genesys"
operation = "participant_attributes"
[rules.writeback.fields]
routedBy = 'decision.ruleId'
"#
    ));
    let command = || WriteBack::new("genesys", "participant_attributes").field("mood", "bad");
    let actions = Actions::new()
        .decide(Decision::to("retention").priority(3))
        .write_back(command())
        .write_back(command().parameter("participantId", "other"))
        .write_back(WriteBack::new("gensys", "participant_attributes"));
    let second =
        Actions { failures: vec![Failure::new("no model")], ..Actions::new().decide(Decision::to("x")) };
    let answers = || {
        vec![
            Answer { plugin: "sentiment", wants: Ok(actions.clone()) },
            Answer { plugin: "second", wants: Ok(second.clone()) },
            Answer {
                plugin: "third",
                wants: Err(Unanswered { code: "TL-3010", message: "no answer".to_owned() }),
            },
        ]
    };
    let outcome = rules.evaluate(&enriched(Some("GOLD")), answers(), 5, "p");
    let again = rules.evaluate(&enriched(Some("GOLD")), answers(), 6, "p");
    let decision = outcome.decision.unwrap();
    assert_eq!((decision.queue.as_str(), decision.rule_id.as_str()), ("retention", "sentiment"));
    assert_eq!(decision.decision_id, again.decision.unwrap().decision_id);
    let ids: std::collections::BTreeSet<&String> =
        outcome.write_backs.iter().map(|command| &command.command_id).collect();
    assert_eq!((outcome.write_backs.len(), ids.len()), (3, 3));
    assert_eq!(outcome.write_backs[1].resource, "genesys/org/conversations/c1/participants/other");
    assert_eq!(outcome.write_backs[2].fields["routedBy"], "sentiment");
    for (one, other) in outcome.write_backs.iter().zip(&again.write_backs) {
        assert_eq!(one.command_id, other.command_id);
    }
    let errors: Vec<(&str, &str)> =
        outcome.errors.iter().map(|error| (error.code.as_str(), error.subject.as_deref().unwrap())).collect();
    assert_eq!(errors, [("TL-3009", "sentiment"), ("TL-3009", "second"), ("TL-3010", "third")]);
    assert!(outcome.errors[0].message.contains("target 'gensys', which is not configured"));
}

#[test]
fn enrichment_is_chosen_by_a_condition() {
    let with = |when: &str| rules(&format!("{ROUTING}\n[enrichment]\nwhen = '{when}'\n"));
    let enriched = enriched(None);
    let event = before_enrichment(&enriched);
    assert!(rules(ROUTING).enriches(&event));
    assert!(with(r#"event.mediaType == "voice""#).enriches(&event));
    assert!(!with(r#"event.eventType != "conversation.started""#).enriches(&event));
    // A condition that fails keeps nobody's profile away, and is reported.
    let mut broken = with(r#"event.attributes["dnis"] == "1""#);
    assert!(broken.enriches(&event));
    let errors = broken.evaluate(&enriched, Vec::new(), 5, "p").errors;
    assert_eq!((errors.len(), errors[0].subject.as_deref()), (1, Some("enrichment")));
}
