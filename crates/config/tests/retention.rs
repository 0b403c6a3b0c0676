//! `[kafka.retention]`: what it gives, and what is said about mistakes in it.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "support/example_folder.rs"]
mod support;

use std::time::Duration;

use support::EXAMPLE;
use trunkline_config::Retention;

/// The example with lines of this section behind those of `[kafka]`.
fn with(lines: &str) -> String {
    EXAMPLE.replace("[kafka.security]", &format!("[kafka.retention]\n{lines}\n\n[kafka.security]"))
}

/// The messages about the example with these lines, without the file's name.
fn messages(lines: &str) -> String {
    let folder = support::folder();
    let mistakes = support::parse(&folder, &with(lines)).unwrap_err().to_string();
    mistakes.replace(&format!("{}/trunkline.toml:", folder.path().display()), "")
}

#[test]
fn a_topic_that_is_named_has_its_retention_and_no_other_has_one() {
    let lines = "\"events.enriched\" = \"90d\"\nquarantine = \"forever\"";
    let kafka = support::parse(&support::folder(), &with(lines)).unwrap().kafka;
    let (days, forever) = (Retention::For(Duration::from_secs(90 * 86_400)), Retention::Forever);
    assert_eq!(
        kafka.retention.into_iter().collect::<Vec<_>>(),
        [("events.enriched".to_owned(), days), ("quarantine".to_owned(), forever)]
    );
    assert_eq!((days.milliseconds(), forever.milliseconds()), (7_776_000_000, -1));
    assert!(support::parse(&support::folder(), EXAMPLE).unwrap().kafka.retention.is_empty());
}

#[test]
fn what_is_no_retention_is_refused() {
    for (line, message) in [
        (
            "\"events.enriched\" = 90",
            "7:21 kafka: field 'retention.events.enriched' must be a duration such as \"500ms\", \"30s\", \"5m\", \
             \"2h\" or \"5d\", not an integer",
        ),
        (
            "events.enriched = \"90d\"",
            "7:1 kafka: field 'retention.events' must be a duration: put a topic's name with its dots into quotes",
        ),
        (
            "\"events.enrichd\" = \"90d\"",
            "7:1 kafka: retention: unknown topic 'events.enrichd', did you mean 'events.enriched'?",
        ),
        (
            "\"customer.profiles\" = \"90d\"",
            "7:1 kafka: retention: topic 'customer.profiles' is compacted: it keeps the latest record of every key",
        ),
    ] {
        assert_eq!(messages(line), message, "{line}");
    }
}
