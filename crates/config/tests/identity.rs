//! `[enrichment.identity]`.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "support/example_folder.rs"]
mod support;

use std::time::Duration;

use trunkline_config::SearchBy;

fn with(identity: &str) -> String {
    let targets = "targets = [\"sap\"]\n";
    support::EXAMPLE.replacen(targets, &format!("{targets}[enrichment.identity]\n{identity}"), 1)
}

#[test]
fn what_is_written_is_read_and_the_rest_has_defaults() {
    let folder = support::folder();
    let written = "contacts = \"genesys\"\nby = [\"email\", \"number\"]\nregion = \"DE\"\nkeep = \"2h\"\nsources = { sap = \"S4\" }\nnumbers = [\"sap\"]\n";
    let identity = support::parse(&folder, &with(written)).unwrap().enrichment.identity;
    assert_eq!(identity.contacts.as_deref(), Some("genesys"));
    assert_eq!(identity.by, [SearchBy::Email, SearchBy::Number]);
    assert_eq!((identity.region.as_deref(), identity.keep), (Some("DE"), Duration::from_secs(7_200)));
    assert_eq!(identity.sources["sap"], "S4");
    assert_eq!(identity.numbers, Some(vec!["sap".to_owned()]));

    let default = support::parse(&folder, support::EXAMPLE).unwrap().enrichment.identity;
    assert_eq!((default.contacts, default.numbers), (None, None));
    assert_eq!(default.keep, Duration::from_secs(86_400));
    assert_eq!(default.by, [SearchBy::Number, SearchBy::Phone, SearchBy::Email]);
}

#[test]
fn what_cannot_be_is_refused() {
    let folder = support::folder();
    for (written, expected) in [
        ("contacts = \"sap\"", "names target 'sap', which has no external contacts; genesys has"),
        (
            "contacts = \"genesis\"",
            "names target 'genesis', which is not configured, did you mean 'genesys'?",
        ),
        ("contacts = \"genesys\"\nsources = { crm = \"x\" }", "'crm' is none of the targets of [enrichment]"),
        ("sources = { sap = \"x\" }", "'contacts' names none to ask"),
        ("region = \"Germany\"", "must be a country such as 'DE'"),
        ("numbers = [\"crm\"]", "names 'crm', none of the targets of [enrichment]"),
        ("by = [\"fax\"]", "fax"),
        ("by = []", "by"),
    ] {
        let refused = support::parse(&folder, &with(&format!("{written}\n"))).unwrap_err().to_string();
        assert!(refused.contains(expected), "{written}: {refused}");
    }
}
