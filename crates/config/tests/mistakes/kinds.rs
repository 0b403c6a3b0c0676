//! What is said about kinds of sources and about the tables by which payloads are read.

use super::messages;
use super::support::EXAMPLE;

/// What is said of a source with these settings, in front of the example.
fn said(settings: &str) -> String {
    messages(&format!("{settings}\n{EXAMPLE}"))
}

/// A source that is right, with a mapping of one field.
fn custom(mapping: &str) -> String {
    format!(
        "[sources.own]\nkind = \"custom\"\norg = \"acme\"\nverify.method = \"none\"\n[sources.own.mapping]\n\
         platform = \"acme\"\n{mapping}"
    )
}

#[test]
fn a_source_that_is_read_by_a_table_needs_one() {
    assert_eq!(
        said("[sources.own]\nkind = \"custom\"\norg = \"acme\"\nverify.method = \"none\""),
        "trunkline.toml:2:8 source 'own': kind 'custom' needs a table [sources.own.mapping]: the platform of its \
         events, and where their fields stand"
    );
    assert_eq!(said(&custom("fields.conversationId = \"/call\"")), "no mistake");
    let list = "order = \"sequenced\"\nsequence = \"/n\"\nfields.conversationId = [\"/call\", \"/c\"]";
    let text =
        custom("").replace("org = \"acme\"", "org = \"acme\"\norder = \"sequenced\"\nsequence = \"/n\"");
    assert_eq!(said(&format!("{text}{}", list.lines().last().unwrap())), "no mistake");
}

#[test]
fn what_is_wrong_with_a_table_is_said_where_it_is() {
    let call = "fields.conversationId = \"/call\"\n";
    for (mapping, expected) in [
        (
            "",
            "5:14 source 'own' mapping: nothing says what an event is about: map at least one of conversationId, \
              entityId, agentId, queueId, customerId",
        ),
        (
            "fields.conversationId = \"call\"",
            "7:25 source 'own' mapping fields: field 'conversationId' is 'call', must be a \
              JSON Pointer such as \"/sequence\" or \"/data/number\"",
        ),
        (
            "fields.conversationid = \"/call\"\nfields.agentId = \"/a\"",
            "7:8 source 'own' mapping fields: unknown field \
              'conversationid', did you mean 'conversationId'?",
        ),
        (
            "fields.entityId = \"/port\"",
            "7:1 source 'own' mapping: field 'fields.entityId' says which thing an event is \
              about and 'entity_type' what kind of thing that is: one needs the other",
        ),
        (
            &format!("{call}entity_type = \"port\""),
            "8:15 source 'own' mapping: field 'fields.entityId' says which thing an \
              event is about and 'entity_type' what kind of thing that is: one needs the other",
        ),
        (
            &format!("{call}required = [\"agentId\"]"),
            "8:12 source 'own' mapping: field 'required' names 'agentId', and \
              'fields.agentId' does not say where it stands",
        ),
        (
            &format!("{call}required = [\"agent\"]"),
            "8:13 source 'own' mapping: field 'required' is 'agent', did you mean \
              'agentId'?",
        ),
        (
            &format!(
                "{call}[[sources.own.mapping.types]]\nwhen = {{ \"/e\" = \"up\" }}\ntype = \"conversation.start\""
            ),
            "10:8 source 'own' mapping: type rule number 1: field 'type' is 'conversation.start', which is no event \
              type, did you mean 'conversation.started'?; docs/event-types.md has all of them, and what has none of \
              its own is 'platform.event'",
        ),
        (
            &format!("{call}[[sources.own.mapping.types]]\nwhen = {{ e = \"up\" }}\ntype = \"flow.started\""),
            "9:10 source 'own' mapping: type rule number 1: field 'when' names 'e', which is no JSON Pointer such as \
              \"/event\"",
        ),
        (
            &format!(
                "{call}[[sources.own.mapping.types]]\nwhen = {{ \"/e\" = [1] }}\ntype = \"flow.started\""
            ),
            "9:17 source 'own' mapping: type rule number 1: field 'when./e' must be a string, a number, true or \
              false, not an array",
        ),
        (
            &format!(
                "{call}[[sources.own.mapping.types]]\ntype = \"flow.started\"\n[[sources.own.mapping.types]]\n\
                   type = \"flow.ended\""
            ),
            "8:1 source 'own' mapping: a type rule without 'when' matches every payload: it must be the last, those \
              behind it never apply",
        ),
    ] {
        let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(said(&custom(mapping)), format!("trunkline.toml:{expected}"), "{mapping}");
    }
}

#[test]
fn a_platform_and_an_organisation_are_parts_of_every_key() {
    let right = custom("fields.conversationId = \"/call\"");
    for (from, to, expected) in [
        ("platform = \"acme\"\n", "", "5:14 source 'own' mapping: field 'platform' is missing"),
        (
            "\"acme\"\nf",
            "\"Acme/1\"\nf",
            "6:12 source 'own' mapping: field 'platform' is 'Acme/1', must be lower-case letters, digits, '-' and \
             '_', such as \"acme-ivr\"",
        ),
        (
            "org = \"acme\"\n",
            "",
            "2:8 source 'own': field 'org' is missing, and 'mapping.fields.orgId' does not say where payloads name \
             their organisation",
        ),
    ] {
        assert_eq!(said(&right.replacen(from, to, 1)), format!("trunkline.toml:{expected}"), "{to}");
    }
    let named = right.replacen("org = \"acme\"\n", "", 1) + "\nfields.orgId = \"/tenant\"";
    assert_eq!(said(&named), "no mistake");
}

#[test]
fn kinds_with_a_shape_of_their_own_take_no_table() {
    assert_eq!(
        said(&custom("anything = 7").replace("custom", "cxone-digital")),
        "trunkline.toml:5:1 source 'own': field 'mapping' is for payloads of any shape, and kind 'cxone-digital' has \
         one of its own; kinds with a mapping: cxone-studio, genesys-data-action, desktop-sdk, salesforce-cdc, \
         servicenow-change, sap-change, custom"
    );
    assert_eq!(
        said(&custom("anything = 7").replace("custom", "costum")),
        "trunkline.toml:2:8 source 'own': field 'kind' is 'costum', did you mean 'custom'?"
    );
}

#[test]
fn only_desktops_are_called_by_browsers_and_only_from_origins_that_are_named() {
    let desktop = |origins: &str| {
        said(&format!(
            "[sources.own]\nkind = \"desktop-sdk\"\norg = \"acme\"\ncors_origins = [{origins}]\n\
             verify.method = \"none\"\nmapping.platform = \"genesys\""
        ))
    };
    for origins in ["\"https://desk.example.com\"", "\"https://a.b:8443\", \"http://localhost:3000\""] {
        assert_eq!(desktop(origins), "no mistake", "{origins}");
    }
    for (origin, why) in [
        ("*", "must be the origin of a page, such as \"https://desk.example.com\"; '*' would be any page"),
        ("http://desk.example.com", "must begin with https:// (http:// is for pages of this machine only)"),
        (
            "https://desk.example.com/",
            "must be a scheme, a host in lower case and a port if any, without a path",
        ),
        ("https://*.example.com", "must be a scheme, a host in lower case and a port if any, without a path"),
        ("https://Desk", "must be a scheme, a host in lower case and a port if any, without a path"),
    ] {
        let expected =
            format!("trunkline.toml:4:17 source 'own': field 'cors_origins' holds '{origin}', {why}");
        assert_eq!(desktop(&format!("\"{origin}\"")), expected);
    }
    let other =
        custom("fields.conversationId = \"/call\"").replace("org =", "cors_origins = [\"https://a\"]\norg =");
    assert_eq!(
        said(&other),
        "trunkline.toml:3:16 source 'own': only kind 'desktop-sdk' is called by browsers: no page may call another \
         source"
    );
}

#[test]
fn a_desktop_needs_its_platform_and_a_script_needs_nothing() {
    let of = |kind: &str| {
        said(&format!("[sources.own]\nkind = \"{kind}\"\norg = \"acme\"\nverify.method = \"none\""))
    };
    for kind in ["cxone-studio", "genesys-data-action", "salesforce-cdc", "servicenow-change", "sap-change"] {
        assert_eq!(of(kind), "no mistake", "{kind}");
    }
    assert_eq!(
        of("desktop-sdk"),
        "trunkline.toml:2:8 source 'own': kind 'desktop-sdk' needs a table [sources.own.mapping]: the platform of its \
         events, and where their fields stand"
    );
}

#[test]
fn what_is_wrong_with_a_table_of_changes_is_said_where_it_is() {
    let of = |mapping: &str| {
        said(&format!(
            "[sources.own]\nkind = \"servicenow-change\"\nverify.method = \"none\"\n[sources.own.mapping]\n{mapping}"
        ))
    };
    assert_eq!(of("customer = \"/record/u_customer\"\nchanges = { I = \"create\" }"), "no mistake");
    for (mapping, expected) in [
        (
            "changes = { I = \"insert\" }",
            "5:17 source 'own' mapping: field 'changes.I' is 'insert', must be one of: create, \
              update, delete, undelete, gap, overflow",
        ),
        (
            "customer = \"u_customer\"",
            "5:12 source 'own' mapping: field 'customer' is 'u_customer', must be a JSON Pointer \
              such as \"/sequence\" or \"/data/number\"",
        ),
        (
            "[[sources.own.redact]]\npointer = \"/a\"\naction = \"drop\"",
            "5:1 source 'own': field 'redact' is about events, and \
              changes of CRM records are none: they have no values of fields, and nobody holds them",
        ),
        ("costumer = \"/c\"", "5:1 source 'own' mapping: unknown field 'costumer', did you mean 'customer'?"),
    ] {
        let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(of(mapping), format!("trunkline.toml:{expected}"), "{mapping}");
    }
}
