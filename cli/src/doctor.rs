//! `trunkline doctor`: tries everything that the configuration points at.
//!
//! # Layout
//!
//! - `report`: what a probe came to, and how it is shown
//! - `broker`, `registry`, `target`, `clock`, `state_dir`: the probes
//! - `hosts`: what a firewall must let through

mod broker;
mod clock;
mod hosts;
mod registry;
mod report;
mod state_dir;
mod target;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use crate::config_file::ConfigFile;
use crate::target::permissions;
use report::Report;

/// How long one probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// Tries brokers, topics, registry, clock, targets and state folder, and lists the hosts a firewall must open and the
/// permissions that accounts of targets need
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Runs every probe, one after another, and fails if one of them did.
///
/// # Errors
/// Mistakes in the configuration.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let mut report = Report::new(!args.json);
    broker::probe(&config.kafka, &mut report).await;
    registry::probe(&config, &mut report).await;
    target::probe(&config, &mut report).await;
    clock::probe(&config, &mut report).await;
    state_dir::probe(&config.processor, &mut report);
    let hosts = hosts::of(&config);
    let permissions: BTreeMap<&str, Vec<String>> = config
        .targets
        .values()
        .map(|target| (target.name.as_str(), permissions::of(&config, target)))
        .collect();
    if args.json {
        println!(
            "{}",
            serde_json::json!({ "probes": report.probes(), "hosts": hosts, "permissions": permissions })
        );
    } else {
        println!("\nA firewall must open:\n{}", hosts::show(&hosts));
        println!("Accounts of targets need:");
        for (target, needed) in
            permissions.iter().flat_map(|(name, needed)| needed.iter().map(move |line| (name, line)))
        {
            println!("  {target}: {needed}");
        }
        println!();
        println!("{}", report.verdict());
    }
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
