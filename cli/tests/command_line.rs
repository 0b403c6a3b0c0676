//! The tool as an operator meets it: what it prints, where, and its exit codes.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::path::Path;
use std::process::{Command, Output};

/// A configuration with five mistakes.
const FIVE_MISTAKES: &str = r#"
[kafka]
brokers = "localhost:9092"
partitons = 6

[registry]
url = "localhost:8081"

[sources.genesys]
kind = "genesys-eventbrige"
verify.method = "none"

[enrichment]
deadline = "soon"

[[rules.routing]]
id = "vip"
on = ["conversation.started"]
queue = 'vip'
"#;

fn trunkline(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_trunkline"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("TRUNKLINE_CONFIG")
        .env_remove("RUST_LOG")
        .output()
        .unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn five_mistakes_are_five_lines_and_exit_code_64() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trunkline.toml"), FIVE_MISTAKES).unwrap();
    for verb in [
        ["check"].as_slice(),
        &["rules", "check"],
        &["rules", "test"],
        &["doctor"],
        &["topics", "plan"],
        &["schemas", "apply"],
        &["explain", "c-1"],
    ] {
        let output = trunkline(folder.path(), verb);
        assert_eq!(output.status.code(), Some(64), "{verb:?}");
        let said = err(&output);
        let places: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("trunkline.toml:")).collect();
        let starts = [
            "4:1 kafka: unknown field 'partitons', did you mean 'partitions'?",
            "7:7 registry: field 'url' is 'localhost:8081', must be a URL",
            "10:8 source 'genesys': field 'kind' is 'genesys-eventbrige', did you mean",
            "14:12 enrichment: field 'deadline' is 'soon', must be a duration",
            "19:10 routing rule 'vip': field 'queue' names 'vip', which rules do not know",
        ];
        assert_eq!(places.len(), starts.len(), "{said}");
        for (place, start) in places.iter().zip(starts) {
            assert!(place.starts_with(start), "{place} does not start with {start}");
        }
        assert!(said.ends_with("5 mistakes (TL-1001)\n"), "{said}");
    }
}

#[test]
fn a_configuration_to_start_from_is_right_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let output = trunkline(folder.path(), &["init", "--kafka", "localhost:1"]);
    assert!(output.status.success(), "{}", err(&output));
    let output = trunkline(folder.path(), &["check"]);
    assert!(output.status.success(), "{}", err(&output));
    let said = out(&output);
    assert!(
        said.starts_with("trunkline.toml: no mistakes; 3 sources, 0 targets, 1 routing rule, 0 write-back"),
        "{said}"
    );
    assert!(!said.contains("note:"), "{said}");
    let output = trunkline(folder.path(), &["init"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("is not overwritten"), "{}", err(&output));
}

#[test]
fn a_rule_for_an_event_that_never_comes_is_noted() {
    let folder = tempfile::tempdir().unwrap();
    assert!(trunkline(folder.path(), &["init"]).status.success());
    let path = folder.path().join("trunkline.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replacen(r#"on = ["conversation.started"]"#, r#"on = ["conversation.start"]"#, 1),
    )
    .unwrap();
    let output = trunkline(folder.path(), &["check"]);
    assert!(output.status.success());
    assert!(
        out(&output).contains("note: rule 'valued-customers-first' waits for 'conversation.start'"),
        "{}",
        out(&output)
    );
}

#[test]
fn doctor_says_what_cannot_be_reached_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let unused = |_| std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let [broker, registry] = [0, 1].map(unused);
    let registry = format!("http://{registry}/apis/ccompat/v7");
    let flags = ["init", "--kafka", &broker.to_string(), "--registry", &registry];
    assert!(trunkline(folder.path(), &flags).status.success());
    let output = trunkline(folder.path(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let said = out(&output);
    let verdicts: Vec<_> = said
        .lines()
        .take_while(|line| !line.is_empty())
        .map(|line| line.split("  ").next().unwrap_or(""))
        .collect();
    assert_eq!(verdicts, ["FAILED", "FAILED", "FAILED", "ok", "ok"], "{said}");
    assert!(said.contains("TL-5001") && said.contains("TL-5002"), "{said}");
    assert!(said.contains(&format!("out  {broker}")), "{said}");
    assert!(said.ends_with("3 of 5 probes failed\n"), "{said}");

    let output = trunkline(folder.path(), &["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["probes"][0]["ok"], false);
    assert_eq!(report["hosts"].as_array().unwrap().len(), 3);
}

#[test]
fn a_verb_that_does_not_exist_gets_a_suggestion() {
    let folder = tempfile::tempdir().unwrap();
    let output = trunkline(folder.path(), &["docter"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(err(&output).contains("'doctor'"), "{}", err(&output));
}

#[test]
fn help_and_version_are_no_failures() {
    let folder = tempfile::tempdir().unwrap();
    let output = trunkline(folder.path(), &["--help"]);
    assert!(output.status.success());
    for verb in ["init", "check", "doctor", "version", "topics", "schemas", "explain", "rules", "map", "demo"]
    {
        assert!(out(&output).contains(&format!("\n  {verb} ")), "{verb} is in the help");
    }
    let output = trunkline(folder.path(), &["version"]);
    assert!(out(&output).starts_with(&format!("trunkline {} (", env!("CARGO_PKG_VERSION"))));
    let output = trunkline(folder.path(), &["version", "--json"]);
    let fields: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(fields["version"], env!("CARGO_PKG_VERSION"));
}

/// Rules, and cases for them of which one is wrong.
const RULES: &str = r#"
[kafka]
brokers = "localhost:9092"
[registry]
url = "http://localhost:8081"
[targets.genesys]
system = "genesys"
org = "org"
base_url = "https://api.example.com"
token_url = "https://login.example.com/oauth/token"
client_id = "trunkline"
client_secret = "file:secrets/that-are-not-here"
[rules]
[[rules.routing]]
id = "gold"
on = ["conversation.started"]
when = 'profile != null && profile.loyaltyTier == "GOLD"'
queue = '"vip"'
priority = '10 + profile.openTickets'
[[rules.writeback]]
id = "tier"
on = ["conversation.started"]
target = "genesys"
operation = "participant_attributes"
[rules.writeback.fields]
tier = 'profile.loyaltyTier'
"#;

const CASES: &str = r#"
[[case]]
name = "gold goes first"
event.eventType = "conversation.started"
profile = { loyaltyTier = "GOLD", openTickets = 2 }
[case.expect]
decision = { rule = "gold", queue = "vip", priority = 12 }
writeback = [{ rule = "tier", fields = { tier = "GOLD" } }]

[[case]]
name = "a stranger waits in line"
event.eventType = "conversation.started"
[case.expect]
decision = "none"
writeback = []
"#;

#[test]
fn rules_are_tried_on_cases_without_any_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trunkline.toml"), RULES).unwrap();
    let output = trunkline(folder.path(), &["rules", "test"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("no file *.rules-test.toml"), "{}", err(&output));

    std::fs::write(folder.path().join("trunkline.rules-test.toml"), CASES).unwrap();
    let output = trunkline(folder.path(), &["rules", "test"]);
    assert_eq!(output.status.code(), Some(1), "{}{}", out(&output), err(&output));
    let said = out(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "ok    gold goes first",
            "FAIL  a stranger waits in line",
            "      trunkline.rules-test.toml:13:7 errors"
        ]
    );
    assert_eq!(lines[3], "        expected  none");
    assert!(lines[4].starts_with("        found     TL-3002 rule 'tier' failed"), "{said}");
    assert!(lines[4].contains("profile is null here, guard with 'profile != null'"), "{said}");
    assert!(lines[5].starts_with("2 cases: 1 passed, 1 failed; rule set "), "{said}");

    let guarded = RULES.replace("'profile.loyaltyTier'", "'profile == null ? null : profile.loyaltyTier'");
    std::fs::write(folder.path().join("trunkline.toml"), guarded).unwrap();
    let output = trunkline(folder.path(), &["rules", "test", "--only", "stranger"]);
    let said = out(&output);
    assert!(
        said.contains("writeback\n        expected  no other\n        found     rule 'tier' issues"),
        "{said}"
    );
    let output = trunkline(folder.path(), &["rules", "test", "--only", "gold"]);
    assert!(output.status.success(), "{}", out(&output));
    assert!(
        out(&output).starts_with("ok    gold goes first\n1 case: 1 passed, 0 failed"),
        "{}",
        out(&output)
    );
}

#[test]
fn rules_check_says_what_is_probably_not_meant_and_what_is_wrong_with_cases() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("trunkline.toml"), RULES).unwrap();
    let output = trunkline(folder.path(), &["rules", "check"]);
    assert!(output.status.success(), "{}", err(&output));
    let said = out(&output);
    let expected = "trunkline.toml:20:1 note: rule 'tier', fields.tier: reads profile.loyaltyTier, and fails where \
                    profile is null; guard it with 'profile != null'\n\
                    trunkline.toml: no mistakes in 1 routing rule and 1 write-back rule, 0 cases to try them; 1 note";
    assert!(said.starts_with(expected), "{said}");

    let wrong = CASES
        .replace("conversation.started", "conversation.startd")
        .replace(r#"rule = "gold""#, r#"rule = "glod""#)
        .replace(r#"decision = "none""#, r#"decision = "nothing""#);
    std::fs::write(folder.path().join("a.rules-test.toml"), wrong).unwrap();
    for verb in ["check", "test"] {
        let output = trunkline(folder.path(), &["rules", verb]);
        assert_eq!(output.status.code(), Some(64));
        let expected = "\
a.rules-test.toml:4:19 case 'gold goes first' event: field 'eventType' is 'conversation.startd', which no source gives \
and no rule waits for, did you mean 'conversation.started'?
a.rules-test.toml:7:21 case 'gold goes first' expect decision: field 'rule' names rule 'glod', which is not configured, \
did you mean 'gold'?
a.rules-test.toml:12:19 case 'a stranger waits in line' event: field 'eventType' is 'conversation.startd', which no \
source gives and no rule waits for, did you mean 'conversation.started'?
a.rules-test.toml:14:12 case 'a stranger waits in line' expect: field 'decision' is 'nothing', must be one of: none
4 mistakes (TL-1001)
";
        assert_eq!(err(&output), expected);
    }
}

/// An event of a conversation, one that has no time, one with a field that no schema knows, and no event.
const PAYLOADS: [&str; 4] = [
    r#"{"eventType":"CaseCreated","eventId":"1","createdAt":"2026-03-02T09:15:30+01:00","data":{"case":{"id":"7"}}}"#,
    r#"{"eventType":"CaseCreated","eventId":"2"}"#,
    r#"{"eventType":"CaseCreated","eventId":"3","weather":"rain"}"#,
    r#"{"weather":"rain"}"#,
];

#[test]
fn payloads_are_mapped_without_a_configuration_and_the_exit_code_says_how_it_went() {
    let folder = tempfile::tempdir().unwrap();
    for (name, payloads, code) in [("good.jsonl", 0..1, 0), ("drifting", 0..3, 3), ("bad", 0..4, 2)] {
        std::fs::write(folder.path().join(name), PAYLOADS[payloads].join("\n")).unwrap();
        let output = trunkline(folder.path(), &["map", name]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", err(&output));
        assert!(out(&output).starts_with(&format!("{name}:1  conversation.started\n")), "{}", out(&output));
    }
    let output =
        trunkline(folder.path(), &["map", "--kind", "cxone-digital", "--org", "acme", "--json", "bad"]);
    let report: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(report["payloads"][0]["key"], "cxone/acme/7");
    assert_eq!(report["payloads"][1]["event"]["eventTimeSource"], "INGEST");
    assert_eq!(report["payloads"][2]["drift"][0]["path"], "/weather");
    assert_eq!(report["payloads"][3]["code"], "TL-2005");
    assert_eq!(report["summary"]["eventTypes"]["conversation.started"], 3);

    let output = trunkline(folder.path(), &["map", "--summary", "bad"]);
    assert!(out(&output).starts_with("4 payloads: 3 events, 1 quarantined, 0 refused\n"), "{}", out(&output));
}

#[test]
fn payloads_are_mapped_as_a_source_of_the_configuration_would_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["init", "--kafka", "localhost:1"];
    assert!(trunkline(folder.path(), &flags).status.success());
    std::fs::remove_dir_all(folder.path().join("secrets")).unwrap();
    let path = folder.path().join("trunkline.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let strict = text.replace(
        r#"kind = "cxone-digital""#,
        "kind = \"cxone-digital\"\norg = \"acme\"\ndrift = \"quarantine\"",
    );
    std::fs::write(&path, strict).unwrap();
    std::fs::write(folder.path().join("a.jsonl"), PAYLOADS.join("\n")).unwrap();
    let output = trunkline(folder.path(), &["map", "--source", "cxone", "a.jsonl"]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    let said = out(&output);
    assert!(said.contains("key cxone/acme/7\n"), "{said}");
    assert!(said.contains("\n4 payloads: 2 events, 2 quarantined, 0 refused\n"), "{said}");
    assert!(said.contains("and this source quarantines drift"), "{said}");

    let output = trunkline(folder.path(), &["map", "--source", "cxon", "a.jsonl"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("no source 'cxon', did you mean 'cxone'?"), "{}", err(&output));
}

#[test]
fn a_wrong_kind_and_files_without_payloads_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    let output = trunkline(folder.path(), &["map", "--kind", "genesys-eventbrige", "empty"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(err(&output).contains("did you mean 'genesys-eventbridge'?"), "{}", err(&output));
    let output = trunkline(folder.path(), &["map", "--kind", "cxone-digital", "--source", "cxone", "empty"]);
    assert_eq!(output.status.code(), Some(64), "a source has its kind");
    for file in ["empty", "absent.json"] {
        let output = trunkline(folder.path(), &["map", file]);
        assert_eq!(output.status.code(), Some(1), "{file}");
    }
}
