//! A configuration that uses most of what there is, read into its types.

#![allow(clippy::unwrap_used, reason = "helpers of tests are outside of any #[test] function")]

use std::time::Duration;

use trunkline_config::{
    Config, Credentials, Drift, ExposeSecret, LogFormat, Mode, OrderMode, Proof, RegistryAuth, SaslMechanism,
    Security, Signature, SignatureEncoding, SignedPart, SourceKind, TokenLogin, Verify,
};
use trunkline_systems::{Rate, System};

#[path = "support/example_folder.rs"]
mod support;

fn example() -> Config {
    let folder = support::folder();
    trunkline_config::load(&folder.path().join("trunkline.toml")).unwrap()
}

#[test]
fn connections() {
    let config = example();
    assert_eq!(config.kafka.topic("events.enriched"), "acme.events.enriched");
    assert_eq!((config.kafka.partitions, config.kafka.replication), (12, 3));
    let Security::Sasl { mechanism, username, password, tls } = &config.kafka.security else { panic!() };
    assert_eq!((*mechanism, username.as_str()), (SaslMechanism::ScramSha512, "trunkline"));
    assert_eq!(password.current().expose_secret(), "first secret");
    assert!(tls.is_some(), "SASL is encrypted unless `tls = false` says otherwise");

    assert_eq!(config.registry.url, "https://registry:8081/apis/ccompat/v7");
    assert!(!config.registry.auto_register);
    assert!(matches!(&config.registry.auth, RegistryAuth::Basic { username, .. } if username == "trunkline"));
    assert_eq!(config.telemetry.log_format, LogFormat::Text);
    assert_eq!(config.telemetry.otlp_endpoint.as_deref(), Some("https://collector:4318"));
}

#[test]
fn sources() {
    let config = example();
    let genesys = &config.sources["genesys"];
    assert_eq!((genesys.kind, genesys.order), (SourceKind::GenesysEventBridge, OrderMode::Sorted));
    assert_eq!((genesys.hold, genesys.drift), (Duration::ZERO, Drift::Pass));
    assert!(
        matches!(&genesys.verify, Verify::ApiKey { header, keys } if header == "X-Trunkline-Key" && keys.len() == 2)
    );

    let chat = &config.sources["chat"];
    assert_eq!(
        (chat.order, chat.hold, chat.drift),
        (OrderMode::Causal, Duration::from_millis(500), Drift::Quarantine)
    );
    let Verify::Signature(Signature { header, prefix, encoding, signed, .. }) = &chat.verify else {
        panic!()
    };
    assert_eq!((header.as_str(), prefix.as_str()), ("X-Hub-Signature-256", "sha256="));
    assert_eq!((*encoding, signed.as_slice()), (SignatureEncoding::Base64, &[SignedPart::Body][..]));
}

#[test]
fn targets() {
    let config = example();
    let genesys = &config.targets["genesys"];
    assert_eq!((genesys.system, genesys.mode), (System::Genesys, Mode::Apply));
    assert_eq!(genesys.rate, Rate { calls: 300, per: Duration::from_secs(60) });
    let Credentials::Token(TokenLogin { proof: Proof::Client(client), .. }) = &genesys.credentials else {
        panic!()
    };
    assert_eq!(client.secret.current().expose_secret(), "second secret");

    let sap = &config.targets["sap"];
    assert_eq!((sap.mode, sap.rate), (Mode::Observe, Rate { calls: 2, per: Duration::from_secs(1) }));
    assert!(matches!(sap.credentials, Credentials::Basic { .. }));
    assert_eq!((sap.breaker.open_for, sap.breaker.probes), (Duration::from_secs(10), 3));
    assert_eq!(config.enrichment.targets, ["sap"]);
}

#[test]
fn rules_and_their_version() {
    let rules = example().rules;
    assert_eq!((rules.routing.len(), rules.write_backs.len()), (1, 1));
    assert_eq!(rules.routing[0].priority.as_deref(), Some("10"));
    assert_eq!(rules.write_backs[0].expires, Some(Duration::from_secs(3600)));
    assert_eq!(rules.write_backs[0].parameters["participantId"], "event.participantId");
    assert_eq!(rules.version.len(), 12);

    let version_with = |from: &str, to: &str| {
        let folder = support::folder();
        support::parse(&folder, &support::EXAMPLE.replacen(from, to, 1)).unwrap().rules.version
    };
    assert_eq!(version_with("[rules]", "# a comment\n[rules]"), rules.version, "layout does not count");
    assert_ne!(version_with(r#"'"vip"'"#, r#"'"gold"'"#), rules.version, "an outcome counts");
    assert_ne!(version_with("\"1h\"", "\"2h\""), rules.version, "an expiry counts");
}

#[test]
fn secrets_are_not_printed() {
    let printed = format!("{:?}", example());
    assert!(!printed.contains("secret\""), "{printed}");
    assert!(printed.contains("id: \"trunkline\", secret: ***"), "{printed}");
}

#[test]
fn a_file_that_is_not_there_is_one_mistake() {
    let mistakes = trunkline_config::load("nowhere/trunkline.toml".as_ref()).unwrap_err();
    assert_eq!(mistakes.count(), 1);
    assert!(mistakes.to_string().starts_with("nowhere/trunkline.toml: cannot be read"), "{mistakes}");
}
