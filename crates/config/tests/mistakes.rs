//! What is said about wrong configurations: each case changes the example and names every message expected.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

#[path = "mistakes/expressions.rs"]
mod expressions;
#[path = "mistakes/http.rs"]
mod http;
#[path = "mistakes/kinds.rs"]
mod kinds;
#[path = "mistakes/plain_text.rs"]
mod plain_text;
#[path = "mistakes/proofs.rs"]
mod proofs;
#[path = "support/example_folder.rs"]
mod support;
#[path = "mistakes/vault.rs"]
mod vault;

use support::EXAMPLE;
use trunkline_config::{KnownPlugin, PluginMistake};

/// The messages about a text, one a line, with the file's name alone.
fn messages(text: &str) -> String {
    let folder = support::folder();
    let printed =
        support::parse(&folder, text).map_or_else(|mistakes| mistakes.to_string(), |_| "no mistake".into());
    printed.replace(&format!("{}/", folder.path().display()), "")
}

/// Replaces one line of the example by others and compares all messages.
fn check(line: &str, replacement: &str, expected: &[&str]) {
    assert_eq!(
        EXAMPLE.lines().filter(|known| *known == line).count(),
        1,
        "`{line}` is one line of the example"
    );
    let text: Vec<_> = EXAMPLE.lines().map(|known| if known == line { replacement } else { known }).collect();
    assert_eq!(messages(&text.join("\n")), expected.join("\n"), "with {replacement}");
}

#[test]
fn the_example_has_no_mistake() {
    assert_eq!(messages(EXAMPLE), "no mistake");
}

#[test]
fn two_copies_are_refused_and_one_and_three_are_not() {
    for copies in ["1", "3", "5"] {
        check("partitions = 12", &format!("partitions = 12\nreplication = {copies}"), &["no mistake"]);
    }
    check(
        "partitions = 12",
        "partitions = 12\nreplication = 2",
        &[
            "trunkline.toml:5:15 kafka: 2 copies keep no more than 1 does: while one is away, what the other alone has \
           is acknowledged, and goes with its broker; use 3, or 1 for what may be lost",
        ],
    );
}

#[test]
fn names() {
    check(
        r#"brokers = "kafka-0:9092,kafka-1:9092""#,
        r#"brokres = "kafka-0:9092""#,
        &[
            "trunkline.toml:1:2 kafka: field 'brokers' is missing",
            "trunkline.toml:2:1 kafka: unknown field 'brokres', did you mean 'brokers'?",
        ],
    );
    check(
        "[telemetry]",
        "[telemetri]",
        &["trunkline.toml:17:2 unknown field 'telemetri', did you mean 'telemetry'?"],
    );
    check(
        r#"open_for = "10s""#,
        r#"openfor = "10s""#,
        &["trunkline.toml:65:1 target 'sap' breaker: unknown field 'openfor', did you mean 'open_for'?"],
    );
    check(
        r#"mode = "observe""#,
        r#"colour = "blue""#,
        &["trunkline.toml:60:1 target 'sap': unknown field 'colour'"],
    );
    check(
        r#"client_id = "trunkline""#,
        r#"clientid = "trunkline""#,
        &[
            "trunkline.toml:46:10 target 'genesys': field 'client_id' is missing",
            "trunkline.toml:51:1 target 'genesys': unknown field 'clientid', did you mean 'client_id'?",
        ],
    );
}

#[test]
fn redactions() {
    check(
        r#"drift = "quarantine""#,
        "redact_defaults = false\nredact_key = \"file:secrets/one\"\nredact = [{ pointer = \"/a/*/b\", action = \"hash\" }]",
        &["no mistake"],
    );
    check(
        r#"drift = "quarantine""#,
        "redact = [\n{ pointer = \"a/b\", action = \"hash\" },\n{ pointer = \"/a~b\", action = \"maks\" },\n{ acton = \"drop\" }]",
        &[
            "trunkline.toml:41:13 redaction number 1: field 'pointer' is 'a/b', must be a JSON Pointer such as \
             '/data/accessToken'",
            "trunkline.toml:41:29 redaction number 1: action 'hash' needs a 'redact_key' of its source",
            "trunkline.toml:42:13 redaction number 2: field 'pointer' holds 'a~b', in which '~' must be written '~0', \
             and '/' '~1'",
            "trunkline.toml:42:30 redaction number 2: field 'action' is 'maks', did you mean 'mask'?",
            "trunkline.toml:43:1 redaction number 3: field 'action' is missing",
            "trunkline.toml:43:1 redaction number 3: field 'pointer' is missing",
            "trunkline.toml:43:3 redaction number 3: unknown field 'acton', did you mean 'action'?",
        ],
    );
    check(
        r#"drift = "quarantine""#,
        "redact_key = \"file:secrets/one\"\nredact = [{ pointer = \"/a\", action = \"mask\" }]",
        &[
            "trunkline.toml:40:14 source 'chat': field 'redact_key' is used by no redaction with action 'hash'",
        ],
    );
}

#[test]
fn types_and_ranges() {
    check(
        "partitions = 12",
        r#"partitions = "twelve""#,
        &["trunkline.toml:4:14 kafka: field 'partitions' must be an integer, not a string"],
    );
    check(
        "partitions = 12",
        "partitions = 0",
        &["trunkline.toml:4:14 kafka: field 'partitions' is 0, must be between 1 and 10000"],
    );
    check(
        r#"brokers = "kafka-0:9092,kafka-1:9092""#,
        r#"brokers = "kafka-0:9092,kafka-1""#,
        &[
            "trunkline.toml:2:11 kafka: field 'brokers' holds 'kafka-1', must be 'host:port', more of them after commas",
        ],
    );
    check(
        r#"listen = "127.0.0.1:8081""#,
        r#"listen = "localhost""#,
        &[
            "trunkline.toml:22:10 ingest: field 'listen' is 'localhost', must be an IP address and a port such as \
           '127.0.0.1:8080'",
        ],
    );
    check(
        r#"dedup_window = "4d""#,
        "dedup_window = 4",
        &[
            "trunkline.toml:25:16 processor: field 'dedup_window' must be a duration such as \"500ms\", \"30s\", \"5m\", \
           \"2h\" or \"5d\", not an integer",
        ],
    );
    check(
        r#"open_for = "10s""#,
        r#"open_for = "10 seconds""#,
        &[
            "trunkline.toml:65:12 target 'sap' breaker: field 'open_for' is '10 seconds', must be a duration such as \
           \"500ms\", \"30s\", \"5m\", \"2h\" or \"5d\"",
        ],
    );
    check(
        r#"open_for = "10s""#,
        "failure_ratio = 50",
        &["trunkline.toml:65:17 target 'sap' breaker: field 'failure_ratio' is 50, must be between 0 and 1"],
    );
    check(
        "include_data = false",
        r#"include_data = "no""#,
        &["trunkline.toml:26:16 processor: field 'include_data' must be true or false, not a string"],
    );
    check(
        r#"mode = "observe""#,
        r#"mode = "obsrve""#,
        &["trunkline.toml:60:8 target 'sap': field 'mode' is 'obsrve', did you mean 'observe'?"],
    );
    check(
        r#"hold = "0s""#,
        r#"sequence = "data.number""#,
        &[
            "trunkline.toml:30:12 source 'genesys': field 'sequence' is 'data.number', must be a JSON Pointer such as \
           \"/sequence\" or \"/data/number\"",
        ],
    );
    check(
        r#"hold = "0s""#,
        r#"order = "sequenced""#,
        &[
            "trunkline.toml:30:9 source 'genesys': order 'sequenced' needs field 'sequence': the JSON Pointer of the number \
           in a payload, such as \"/sequence\"",
        ],
    );
    check(
        r#"kind = "genesys-eventbridge""#,
        r#"kind = "twilio""#,
        &[
            "trunkline.toml:29:8 source 'genesys': field 'kind' is 'twilio', must be one of: genesys-eventbridge, \
           genesys-open-messaging, cxone-digital, cxone-studio, genesys-data-action, desktop-sdk, salesforce-cdc, servicenow-change, sap-change, custom",
        ],
    );
}

#[test]
fn secrets_and_encryption() {
    check(
        r#"client_secret = "file:secrets/two""#,
        r#"client_secret = "hunter2""#,
        &["trunkline.toml:52:17 target 'genesys': field 'client_secret' must be a reference such as \
           'file:/run/secrets/name', never the secret itself"],
    );
    check(
        r#"client_secret = "file:secrets/two""#,
        r#"client_secret = "vault:kv/genesys#secret""#,
        &[
            "trunkline.toml:52:17 target 'genesys': field 'client_secret' refers to Vault, and there is no section [vault]",
        ],
    );
    check(
        r#"client_secret = "file:secrets/two""#,
        r#"client_secret = "env:GENESYS_SECRET""#,
        &[
            "trunkline.toml:52:17 target 'genesys': field 'client_secret' refers to the environment; use 'file:/path' or \
           set allow_env_secrets = true at the top",
        ],
    );
    check(
        r#"client_secret = "file:secrets/two""#,
        r#"client_secret = "file:secrets/empty""#,
        &["trunkline.toml:52:17 target 'genesys': field 'client_secret' refers to an empty secret"],
    );
    check(
        r#"client_secret = "file:secrets/two""#,
        r#"client_secret = "file:secrets/gone""#,
        &[
            "trunkline.toml:52:17 target 'genesys': field 'client_secret' refers to 'secrets/gone', which cannot be read \
           (TL-1002): No such file or directory (os error 2)",
        ],
    );
    check(
        r#"keys = ["file:secrets/one", "file:secrets/two"]"#,
        r#"keys = ["file:secrets/one", "plain"]"#,
        &["trunkline.toml:35:29 source 'genesys' verify: field 'keys' must be a reference such as \
           'file:/run/secrets/name', never the secret itself"],
    );
    check(
        r#"base_url = "https://sap.acme.example""#,
        r#"base_url = "sap.acme.example""#,
        &[
            "trunkline.toml:57:12 target 'sap': field 'base_url' is 'sap.acme.example', must be a URL such as \
           'https://host:port/path'",
        ],
    );
    check(
        r#"base_url = "https://sap.acme.example""#,
        r#"base_url = "http://127.0.0.1:8080""#,
        &["no mistake"],
    );
}

#[test]
fn fields_that_do_not_go_together() {
    check(
        r#"listen = "127.0.0.1:8081""#,
        "insecure = true\nlisten = \"0.0.0.0:8081\"\n[sources.open]\nkind = \"cxone-digital\"\n\
         verify.method = \"none\"",
        &[
            "trunkline.toml:26:17 source 'open' verify: method 'none' needs a loopback listener, and ingest listens on \
           0.0.0.0:8081",
        ],
    );
    check(
        r#"method = "hmac""#,
        r#"method = "hmc""#,
        &["trunkline.toml:43:10 source 'chat' verify: field 'method' is 'hmc', did you mean 'hmac'?"],
    );
    check(
        r#"drift = "quarantine""#,
        "drift = \"quarantine\"\n[sources.bare]\nkind = \"cxone-digital\"",
        &["trunkline.toml:41:10 source 'bare' verify: field 'method' is missing"],
    );
    check(
        r#"mode = "observe""#,
        r#"client_id = "both""#,
        &[
            "trunkline.toml:60:13 target 'sap': field 'client_id' does not belong to login 'basic' (which the other fields \
           tell); its fields are: username, password",
        ],
    );
    check(
        r#"rate_per = "1s""#,
        "",
        &["trunkline.toml:61:14 target 'sap': 'rate_calls' and 'rate_per' go together"],
    );
    check(
        r#"protocol = "scram_sha_512""#,
        r#"protocol = "plaintext""#,
        &["trunkline.toml:7:12 kafka security: credentials and files need another 'protocol' than plaintext"],
    );
    check(
        "auto_register = false",
        r#"token = "file:secrets/one""#,
        &["trunkline.toml:13:9 registry: either 'token' or 'username' and 'password', not both"],
    );
}

#[test]
fn references_to_what_is_not_there() {
    check(
        r#"targets = ["sap"]"#,
        r#"targets = ["sap", "genesis"]"#,
        &[
            "trunkline.toml:68:19 enrichment: field 'targets' names target 'genesis', which is not configured, did you \
           mean 'genesys'?",
        ],
    );
    check(
        r#"target = "genesys""#,
        r#"target = "oracle""#,
        &[
            "trunkline.toml:88:10 write-back rule 'tell-the-agent': field 'target' names target 'oracle', which is not \
           configured",
        ],
    );
    check(
        r#"id = "tell-the-agent""#,
        r#"id = "gold-first""#,
        &["trunkline.toml:85:6 write-back rule 'gold-first': another rule has this id already"],
    );
    check(r#"id = "gold-first""#, "", &["trunkline.toml:73:1 routing rule number 1: field 'id' is missing"]);
}

#[test]
fn what_a_system_cannot_do() {
    check(
        r#"targets = ["sap"]"#,
        r#"targets = ["sap", "genesys"]"#,
        &[
            "trunkline.toml:68:19 enrichment: field 'targets' names target 'genesys', which has no customer profiles; \
           salesforce, sap, servicenow have",
        ],
    );
    check(
        r#"operation = "participant_attributes""#,
        r#"operation = "participant_attribute""#,
        &[
            "trunkline.toml:89:13 write-back rule 'tell-the-agent': field 'operation' is 'participant_attribute', which \
           genesys does not have in this version (TL-4006), did you mean 'participant_attributes'?",
        ],
    );
    check(
        r#"system = "genesys""#,
        r#"system = "salesforce""#,
        &[
            "trunkline.toml:89:13 write-back rule 'tell-the-agent': field 'operation' is 'participant_attributes', which \
           salesforce does not have in this version (TL-4006)",
        ],
    );
    check(
        "[rules.writeback.fields]",
        "[rules.writeback.parameters.deeper]",
        &[
            "trunkline.toml:89:13 write-back rule 'tell-the-agent': there is nothing to write: add fields under \
             [rules.writeback.fields]",
            "trunkline.toml:95:1 write-back rule 'tell-the-agent': field 'parameters.deeper' must be a string, not a \
             table",
        ],
    );
}

#[test]
fn an_upsert_needs_its_parameters() {
    let text = EXAMPLE
        .replace(r#"system = "genesys""#, r#"system = "salesforce""#)
        .replace(r#"operation = "participant_attributes""#, r#"operation = "upsert""#)
        .replace("participantId = ", "externalIdField = ");
    let expected = ["externalId", "object"].map(|parameter| {
        format!("trunkline.toml:89:13 write-back rule 'tell-the-agent': the operation needs the parameter '{parameter}'")
    });
    assert_eq!(messages(&text), expected.join("\n"));
}

#[test]
fn plugins_and_their_settings() {
    let folder = support::folder();
    let path = folder.path().join("trunkline.toml");
    let check = |settings: &serde_json::Value| match settings.get("levels") {
        Some(_) => Err(PluginMistake {
            path: ["levels", "1", "hgih"].map(str::to_owned).into(),
            message: "unknown field `hgih`".to_owned(),
            known: vec!["low".to_owned(), "high".to_owned()],
        }),
        None => Ok(()),
    };
    let messages = |more: &str| {
        let known = [KnownPlugin { name: "sentiment", check: Box::new(check) }];
        std::fs::write(&path, format!("{EXAMPLE}\n{more}")).unwrap();
        let found = trunkline_config::load_with_plugins(&path, &known);
        let said = found.map_or_else(|mistakes| mistakes.to_string(), |_| "no mistake".to_owned());
        said.replace(&format!("{}/trunkline.toml", folder.path().display()), "")
    };
    assert_eq!(messages("[plugins.sentiment]\nbudget = \"20ms\"\nsettings.low = 0.5"), "no mistake");
    assert_eq!(
        messages("[plugins.sentimnet]"),
        ":101:10 plugin 'sentimnet': this processor does not have it, did you mean 'sentiment'?"
    );
    assert_eq!(
        messages("[plugins.other]\nbudgt = \"1s\""),
        ":101:10 plugin 'other': this processor does not have it; it has: sentiment\n\
         :102:1 plugin 'other': unknown field 'budgt', did you mean 'budget'?"
    );
    assert_eq!(
        messages(
            "[[plugins.sentiment.settings.levels]]\nlow = 1\n[[plugins.sentiment.settings.levels]]\nhgih = 2"
        ),
        ":104:1 plugin 'sentiment': field 'settings.levels.1.hgih': unknown field `hgih`, did you mean 'high'?"
    );
}

#[test]
fn what_is_no_toml_is_reported_beside_the_rest() {
    check("partitions = 12", "partitions 12", &["trunkline.toml:4:12 key with no value, expected `=`"]);
    check(
        "partitions = 12",
        "partitions 12\nreplication = 99\nprefix",
        &[
            "trunkline.toml:4:12 key with no value, expected `=`",
            "trunkline.toml:5:15 kafka: field 'replication' is 99, must be between 1 and 7",
            "trunkline.toml:6:7 key with no value, expected `=`",
        ],
    );
}

#[test]
fn an_opening_without_its_end_is_one_mistake() {
    for (line, broken) in
        [(r#"targets = ["sap"]"#, r#"targets = ["sap""#), ("[sources.chat]", "[sources.chat")]
    {
        let said = messages(&EXAMPLE.replacen(line, broken, 1));
        assert_eq!(said.lines().count(), 1, "{broken}: {said}");
    }
}

#[test]
fn five_mistakes_are_five_messages_with_lines() {
    let text = EXAMPLE
        .replace("partitions = 12", "partitons = 12")
        .replace(r#"dedup_window = "4d""#, r#"dedup_window = "soon""#)
        .replace(r#"kind = "genesys-eventbridge""#, r#"kind = "genesys-eventbrige""#)
        .replace(r#"client_secret = "file:secrets/two""#, r#"client_secret = "hunter2""#)
        .replace(r#"target = "genesys""#, r#"target = "gensys""#);
    let expected = [
        "trunkline.toml:4:1 kafka: unknown field 'partitons', did you mean 'partitions'?",
        "trunkline.toml:25:16 processor: field 'dedup_window' is 'soon', must be a duration such as \"500ms\", \"30s\", \
         \"5m\", \"2h\" or \"5d\"",
        "trunkline.toml:29:8 source 'genesys': field 'kind' is 'genesys-eventbrige', did you mean 'genesys-eventbridge'?",
        "trunkline.toml:52:17 target 'genesys': field 'client_secret' must be a reference such as \
         'file:/run/secrets/name', never the secret itself",
        "trunkline.toml:88:10 write-back rule 'tell-the-agent': field 'target' names target 'gensys', which is not \
         configured, did you mean 'genesys'?",
    ];
    assert_eq!(messages(&text), expected.join("\n"));
}

#[test]
fn an_empty_file_says_what_it_needs() {
    let expected = [
        "trunkline.toml:1:1 kafka: field 'brokers' is missing",
        "trunkline.toml:1:1 registry: field 'url' is missing",
    ];
    assert_eq!(messages(""), expected.join("\n"));
}
