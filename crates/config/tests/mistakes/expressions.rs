//! What is said about wrong expressions of rules and of enrichment.

use super::support::EXAMPLE;
use super::{check, messages};

#[test]
fn expressions() {
    check(
        r#"queue = '"vip"'"#,
        r#"queue = 'vip'"#,
        &[
            "trunkline.toml:77:10 routing rule 'gold-first': field 'queue' names 'vip', which rules do not know",
        ],
    );
    check(
        r#"skills = '["billing", event.mediaType]'"#,
        r#"skills = '["billing", event.mediatype]'"#,
        &[
            "trunkline.toml:79:28 routing rule 'gold-first': field 'skills' names 'event.mediatype', which does not exist, \
           did you mean 'mediaType'?",
        ],
    );
    check(
        r#"participantId = "event.participantId""#,
        r#"participantId = "evnt.participantId""#,
        &[
            "trunkline.toml:93:18 write-back rule 'tell-the-agent': field 'parameters.participantId' names 'evnt', which \
           rules do not know, did you mean 'event'?",
        ],
    );
    check(
        r#"  : profile.loyaltyTier'''"#,
        r#"  : profile.tier'''"#,
        &[
            "trunkline.toml:99:12 write-back rule 'tell-the-agent': field 'fields.tier' names 'profile.tier', which does \
           not exist",
        ],
    );
}

#[test]
fn expressions_that_give_something_else_than_they_must() {
    check(
        r#"when = 'profile != null && profile.loyaltyTier == "GOLD"'"#,
        r#"when = '"GOLD"'"#,
        &["trunkline.toml:76:9 routing rule 'gold-first': field 'when' gives a string, must give a bool"],
    );
    check(
        r#"priority = "10""#,
        r#"priority = 'profile == null ? 10 : "high"'"#,
        &[
            "trunkline.toml:78:36 routing rule 'gold-first': field 'priority' gives a string, must give an int",
        ],
    );
    check(
        r#"skills = '["billing", event.mediaType]'"#,
        r#"skills = '"billing"'"#,
        &[
            "trunkline.toml:79:11 routing rule 'gold-first': field 'skills' gives a string, must give a list of strings",
        ],
    );
    check(
        r#"when = 'profile != null && profile.loyaltyTier == "GOLD"'"#,
        r#"when = 'event.eventType.startswith("conversation")'"#,
        &[
            "trunkline.toml:76:35 routing rule 'gold-first': field 'when' calls 'startswith', which CEL does not have, \
             did you mean 'startsWith'?",
        ],
    );
}

#[test]
fn enrichment_is_chosen_by_the_event_alone() {
    check(
        r#"targets = ["sap"]"#,
        "targets = [\"sap\"]\nwhen = 'event.mediaType == \"voice\" && profile == null'",
        &[
            "trunkline.toml:69:39 enrichment: field 'when' names 'profile', which is not known yet here; 'event' is",
        ],
    );
    check(
        r#"targets = ["sap"]"#,
        "targets = [\"sap\"]\nwhen = 'event.mediaType == \"voice\"'",
        &["no mistake"],
    );
}

#[test]
fn expressions_that_do_not_parse_are_reported_at_their_place() {
    for (broken, column) in [("event.eventType ==", 28), ("1 +* 2", 13), ("'open", 10), ("a.exists(", 19)] {
        let text = EXAMPLE.replace(r#"'"vip"'"#, &format!(r#""{broken}""#));
        let said = messages(&text);
        let place = format!(
            "trunkline.toml:77:{column} routing rule 'gold-first': field 'queue' is no CEL expression: "
        );
        assert!(said.starts_with(&place), "{broken}: {said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}
