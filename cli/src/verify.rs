//! `trunkline verify`: the independent judge, over what any run left behind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use trunkline_verifier::judge::quota::Quota;
use trunkline_verifier::topics::Cluster;
use trunkline_verifier::{Breakers, Inputs, verb, verify};

/// Judge the invariants from topics, ledger, audit logs, logs and state
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Bootstrap servers
    #[arg(long, value_name = "HOST:PORT")]
    kafka: String,
    /// Further setting of the Kafka client, for instance security.protocol=SSL
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    kafka_setting: Vec<(String, String)>,
    /// Base URL of the registry's Confluent API
    #[arg(long, value_name = "URL")]
    registry: String,
    /// Prefix of the deployment's topics
    #[arg(long, default_value = "", value_name = "PREFIX")]
    prefix: String,
    /// The load generator's ledger (judges I1, answers, I9)
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Audit log of an outside system (judges effects of I5, I6, I7, I10)
    #[arg(long, value_name = "FILE")]
    audit: Vec<PathBuf>,
    /// Log file to search for secrets (I8)
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// File with a secret that must be nowhere (I8)
    #[arg(long, value_name = "FILE")]
    secret: Vec<PathBuf>,
    /// Folder below which stopped processors keep their state (I4)
    #[arg(long, value_name = "DIR")]
    state: Vec<PathBuf>,
    /// The processors stopped in order, so that their state must be up to date (I4)
    #[arg(long)]
    stopped_cleanly: bool,
    /// What a system allows, for instance salesforce=5/1 for 5 calls a second (I7)
    #[arg(long, value_name = "SYSTEM=CALLS/SECONDS", value_parser = verb::quota)]
    quota: Vec<Quota>,
    /// How long breakers stay open, in seconds; only when one process of each kind ran from beginning to end (I10)
    #[arg(long, value_name = "SECONDS")]
    breakers_open_for: Option<f64>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Examines and reports; the exit code is 1 when an invariant is violated.
///
/// # Errors
///
/// When the evidence cannot be read.
pub async fn run(arguments: Args) -> anyhow::Result<ExitCode> {
    let inputs = Inputs {
        cluster: Cluster {
            brokers: arguments.kafka,
            options: arguments.kafka_setting.into_iter().collect::<BTreeMap<_, _>>(),
        },
        registry: arguments.registry,
        prefix: arguments.prefix,
        ledger: arguments.ledger,
        audits: arguments.audit,
        logs: arguments.log,
        secrets: verb::secrets(&arguments.secret)?,
        state_folders: arguments.state,
        stopped_cleanly: arguments.stopped_cleanly,
        quotas: arguments.quota,
        breakers: arguments.breakers_open_for.map(|seconds| Breakers {
            open_for_ms: seconds * 1000.0,
            lookups_by_one: true,
            writes_by_one: true,
        }),
    };
    let report = verify(&inputs).await.context("the evidence cannot be read")?;
    match arguments.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => verb::lines(&report).iter().for_each(|line| println!("{line}")),
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("'{text}' is not of the form NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
