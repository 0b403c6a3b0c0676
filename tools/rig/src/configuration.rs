//! The `trunkline.toml` of a run: of demo, chaos, tests and bench.
//!
//! # Layout
//!
//! - [`Layout`]: where everything of one configuration is, and [`Choices`]: what it consists of
//! - [`text`]: its text
//! - [`sources`], [`targets`]: those sections
//! - [`rules`]: the rules of demo and chaos

pub mod rules;
pub mod sources;
pub mod targets;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use trunkline_simulators::{Addresses, Credentials};
use trunkline_verifier::judge::quota::Quota;

use sources::Source;
use targets::Rate;

/// Where everything of one configuration is.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Bootstrap servers.
    pub kafka: String,
    /// Base URL of the registry's Confluent API.
    pub registry: String,
    /// Copies of each partition.
    pub replication: i32,
    /// Put before every topic, group and transactional id.
    pub prefix: String,
    /// Folder of the secrets, one file each.
    pub secrets: PathBuf,
    /// Folder of the state stores.
    pub state: PathBuf,
    /// `host:port` where webhooks arrive.
    pub ingest: String,
    /// `host:port` of the admin ports of ingest, processor and sink.
    pub admin: [String; 3],
    /// Instances of the processor, which share each system's quota.
    pub processors: u32,
    /// Calls that the outside systems allow.
    pub quotas: Vec<Quota>,
    /// How long breakers stay open, in seconds; none for the default.
    pub breakers_open_for: Option<u32>,
    /// Base URL of the collector of traces; without one none are exported.
    pub collector: Option<String>,
}

/// What a configuration consists of.
#[derive(Debug, Clone)]
pub struct Choices {
    /// The sources, in the order of the file.
    pub sources: Vec<Source>,
    /// Names of the systems that are targets.
    pub targets: &'static [&'static str],
    /// The organisation of Genesys, as a target.
    pub genesys_org: &'static str,
    /// The organisation of every other target.
    pub org: &'static str,
    /// How many calls each target may be sent.
    pub rate: Rate,
    /// Further lines of the section `[ingest]`.
    pub ingest: String,
    /// Further lines of the section `[processor]`.
    pub processor: String,
    /// Further lines of the section `[sink]`.
    pub sink: String,
    /// Further lines of the section `[enrichment]`.
    pub enrichment: String,
    /// The sections of the rules.
    pub rules: &'static str,
}

/// Partitions of a run's topics.
pub const PARTITIONS: i32 = 6;

// === impl Choices ===

impl Default for Choices {
    /// What demo and chaos run.
    fn default() -> Self {
        Self {
            sources: sources::ALL.to_vec(),
            targets: &["genesys", "salesforce", "sap", "servicenow"],
            genesys_org: sources::GENESYS_ORG,
            org: "demo",
            rate: Rate::Quotas,
            ingest: String::new(),
            processor: String::new(),
            sink: String::new(),
            enrichment: "deadline = \"250ms\"\n".to_owned(),
            rules: rules::DAY,
        }
    }
}

/// Who a contact of the simulated organisation is: each system's number is under an external source of its own. The
/// number that callers type in, and customers fill in, is Salesforce's.
const IDENTITY: &str = "[enrichment.identity]\ncontacts = \"genesys\"\nnumbers = [\"salesforce\"]\n\
    [enrichment.identity.sources]\nsalesforce = \"salesforce\"\nsap = \"sap\"\nservicenow = \"servicenow\"\n";

/// The text of the configuration.
pub fn text(layout: &Layout, choices: &Choices, addresses: &Addresses, credentials: &Credentials) -> String {
    let mut text = general(layout, choices);
    for source in &choices.sources {
        sources::push(&mut text, source, &layout.secrets);
    }
    targets::push(&mut text, layout, choices, addresses, credentials);
    let Choices { enrichment, rules, .. } = choices;
    let identity = if choices.targets.contains(&"genesys") { IDENTITY } else { "" };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n[enrichment]\ntargets = [\"salesforce\", \"sap\", \"servicenow\"]\n{enrichment}{identity}{rules}"
    );
    text
}

fn general(layout: &Layout, choices: &Choices) -> String {
    let Layout { kafka, registry, replication, prefix, state, ingest, admin, .. } = layout;
    let [ingest_admin, processor_admin, sink_admin] = admin;
    let (state, further_ingest) = (state.display(), &choices.ingest);
    let (processor, sink) = (&choices.processor, &choices.sink);
    let telemetry = layout
        .collector
        .as_ref()
        .map_or_else(String::new, |collector| format!("\n[telemetry]\notlp_endpoint = \"{collector}\"\n"));
    format!(
        "# Written for one run; `trunkline init` writes one to start from.\n\
         [kafka]\nbrokers = \"{kafka}\"\nprefix = \"{prefix}\"\npartitions = {PARTITIONS}\nreplication = {replication}\n\n\
         [registry]\nurl = \"{registry}\"\n\n\
         [ingest]\n{further_ingest}listen = \"{ingest}\"\nadmin = \"{ingest_admin}\"\n\n\
         [processor]\n{processor}admin = \"{processor_admin}\"\nstate_dir = \"{state}\"\n\n\
         [sink]\n{sink}admin = \"{sink_admin}\"\n{telemetry}"
    )
}

/// Writes a file that only its owner reads.
///
/// # Errors
/// When it cannot be written.
pub fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use trunkline_verifier::configuration::Configuration;

    use super::*;
    use crate::quotas;

    fn addresses() -> Addresses {
        let url = || "http://127.0.0.1:7".to_owned();
        Addresses {
            genesys_login: url(),
            genesys_api: url(),
            cxone_auth: url(),
            cxone_api: url(),
            salesforce: url(),
            sap: url(),
            servicenow: url(),
            admin: url(),
        }
    }

    #[test]
    fn what_is_written_is_what_the_verifier_reads() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout {
            kafka: "127.0.0.1:1".to_owned(),
            registry: "http://127.0.0.1:2".to_owned(),
            replication: 1,
            prefix: "one.".to_owned(),
            secrets: folder.path().join("secrets"),
            state: folder.path().join("state"),
            ingest: "127.0.0.1:3".to_owned(),
            admin: [4, 5, 6].map(|port| format!("127.0.0.1:{port}")),
            processors: 2,
            quotas: quotas::granted(100.0),
            breakers_open_for: Some(5),
            collector: Some("http://127.0.0.1:7".to_owned()),
        };
        let choices = Choices { processor: "commit_interval = \"70ms\"\n".to_owned(), ..Choices::default() };
        let text = text(&layout, &choices, &addresses(), &Credentials::random());
        let path = folder.path().join("trunkline.toml");
        write_private(&path, &text).unwrap();
        Configuration::read(&path).unwrap();
        for line in [
            "commit_interval = \"70ms\"",
            "rate_calls = 50",
            "[targets.sap.breaker]",
            "open_for = \"5s\"",
            "otlp_endpoint = \"http://127.0.0.1:7\"",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
