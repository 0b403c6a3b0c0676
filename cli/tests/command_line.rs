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
    for verb in
        [["check"].as_slice(), &["doctor"], &["topics", "plan"], &["schemas", "apply"], &["explain", "c-1"]]
    {
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
    for verb in ["init", "check", "doctor", "version", "topics", "schemas", "explain", "demo"] {
        assert!(out(&output).contains(&format!("\n  {verb} ")), "{verb} is in the help");
    }
    let output = trunkline(folder.path(), &["version"]);
    assert!(out(&output).starts_with(&format!("trunkline {} (", env!("CARGO_PKG_VERSION"))));
    let output = trunkline(folder.path(), &["version", "--json"]);
    let fields: serde_json::Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(fields["version"], env!("CARGO_PKG_VERSION"));
}
