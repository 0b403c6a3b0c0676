//! `trunkline verify`: the independent judge, over what any run left behind, or over a range of time of a
//! deployment that runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use trunkline_verifier::configuration::Configuration;
use trunkline_verifier::judge::quota::Quota;
use trunkline_verifier::topics::Cluster;
use trunkline_verifier::{Breakers, Inputs, KNOWN, verb, verify};

mod range;

/// Judge the invariants from topics, ledger, audit logs, logs and state, or audit a range of time
///
/// Exit codes: 0 when everything asked for was judged and holds, 1 when something is violated, 2 when
/// something could not be judged that --allow-unjudged does not name. With --since or --until it is an audit
/// of a deployment that runs: each event once, in order, field by field what came in, and one result for each
/// command; see docs/audit.md.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// The deployment's configuration: brokers, registry, prefix, sources, enrichment and rules are read from it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Bootstrap servers; needed where no configuration is given
    #[arg(long, value_name = "HOST:PORT")]
    kafka: Option<String>,
    /// Further setting of the Kafka client, for instance security.protocol=SSL
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    kafka_setting: Vec<(String, String)>,
    /// Base URL of the registry's Confluent API; needed where no configuration is given
    #[arg(long, value_name = "URL")]
    registry: Option<String>,
    /// Prefix of the deployment's topics
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// The load generator's ledger (judges I1, answers, facts, I9)
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Audit log of an outside system (judges effects of I5, I6, I7, I10, writes, answers-to-lookups)
    #[arg(long, value_name = "FILE")]
    audit: Vec<PathBuf>,
    /// Log file to search for secrets (I8)
    #[arg(long, value_name = "FILE")]
    log: Vec<PathBuf>,
    /// Folder with what programs served at their admin ports (I8)
    #[arg(long, value_name = "DIR")]
    served: Vec<PathBuf>,
    /// File with the traces that programs exported: the bodies of their exports, or what the exporter `file` of an
    /// OpenTelemetry Collector wrote (I8)
    #[arg(long, value_name = "FILE")]
    traces: Vec<PathBuf>,
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
    /// What may stay unjudged, by the name that the report gives it; may be given several times
    #[arg(long, value_name = "NAME")]
    allow_unjudged: Vec<String>,
    /// Tell failures that docs/failures.md lists as known apart from violations
    #[arg(long)]
    known_failures: bool,
    #[command(flatten)]
    range: range::RangeArgs,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Examines and reports; the exit codes are in [`Args`].
///
/// # Errors
/// When the evidence cannot be read.
pub async fn run(arguments: Args) -> anyhow::Result<ExitCode> {
    let (json, range) = (arguments.json, arguments.range.clone());
    let inputs = inputs(arguments)?;
    let report = match range.is_given() {
        true => range::audit(&inputs, &range, json).await,
        false => verify(&inputs).await.context("the evidence cannot be read"),
    }?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        verb::lines(&report).iter().for_each(|line| println!("{line}"));
        println!("{}", verb::closing(&report));
    }
    Ok(ExitCode::from(report.conclusion().exit_code()))
}

fn inputs(arguments: Args) -> anyhow::Result<Inputs> {
    let configuration = arguments.config.as_deref().map(Configuration::read).transpose()?;
    let known = configuration.as_ref();
    let brokers = arguments.kafka.or_else(|| known.map(|known| known.brokers.clone()));
    let registry = arguments.registry.or_else(|| known.map(|known| known.registry.clone()));
    let prefix = arguments.prefix.or_else(|| known.map(|known| known.prefix.clone()));
    let (Some(brokers), Some(registry)) = (brokers, registry) else {
        bail!("where are the broker and the registry? Give --config, or --kafka and --registry");
    };
    Ok(Inputs {
        cluster: Cluster {
            brokers,
            options: arguments.kafka_setting.into_iter().collect::<BTreeMap<_, _>>(),
        },
        registry,
        prefix: prefix.unwrap_or_default(),
        configuration,
        ledger: arguments.ledger,
        audits: arguments.audit,
        leads: None,
        undisturbed: false,
        logs: arguments.log,
        served: arguments.served,
        traces: arguments.traces,
        // Which programs there were is not known here.
        exporters: Vec::new(),
        secrets: verb::secrets(&arguments.secret)?,
        state_folders: arguments.state,
        stopped_cleanly: arguments.stopped_cleanly,
        quotas: arguments.quota,
        breakers: arguments.breakers_open_for.map(|seconds| Breakers {
            open_for_ms: seconds * 1000.0,
            lookups_by_one: true,
            writes_by_one: true,
        }),
        allow_unjudged: arguments.allow_unjudged.into_iter().collect::<BTreeSet<_>>(),
        known: if arguments.known_failures { KNOWN.to_vec() } else { Vec::new() },
    })
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) =
        text.split_once('=').ok_or_else(|| format!("'{text}' is not of the form NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}
