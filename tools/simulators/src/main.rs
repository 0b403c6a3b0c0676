//! The `sandbox` binary: serves the simulated systems, or plays a day against ingest.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, Subcommand};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use trunkline_load::generator::{Day, DaySettings};
use trunkline_load::now_ms;
use trunkline_load::sign::Secrets;
use trunkline_load::{LoadSettings, Progress, play};
use trunkline_simulators::{Credentials, Sandbox, SandboxSettings};

/// The outside systems of Trunkline, simulated.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves Genesys Cloud, NICE CXone, Salesforce, SAP and ServiceNow; prints one JSON line with their addresses.
    Serve {
        /// First of eight consecutive ports; without it, free ones.
        #[arg(long)]
        port_base: Option<u16>,
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1")]
        host: IpAddr,
        /// Name or address that other programs reach it by.
        #[arg(long)]
        public_host: Option<String>,
        /// Seed of latencies and faults.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Folder of all secrets, the webhooks' too: read from there, or made there.
        #[arg(long, default_value = "sandbox-secrets")]
        secrets: PathBuf,
    },
    /// Plays a contact-centre day against ingest; prints one JSON line with what came of it.
    Play {
        /// Base URL of ingest.
        #[arg(long)]
        ingest: String,
        /// Deliveries per second, on average.
        #[arg(long, default_value_t = 50.0)]
        rate: f64,
        /// Length of the day in seconds.
        #[arg(long, default_value_t = 30)]
        seconds: u64,
        /// Seed of the day.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Folder of the secrets that ingest verifies deliveries with: read from there, or made there.
        #[arg(long, default_value = "sandbox-secrets")]
        secrets: PathBuf,
        /// File for the ledger.
        #[arg(long)]
        ledger: Option<PathBuf>,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Serve { port_base, host, public_host, seed, secrets } => {
            let credentials = Some(Credentials::kept_in(&secrets).context("cannot keep the secrets")?);
            // Ingest verifies with these from its start on, which may come before the first delivery.
            Secrets::kept_in(&secrets).context("cannot keep the secrets")?;
            let settings = SandboxSettings {
                seed,
                host,
                public_host,
                port_base,
                credentials,
                ..SandboxSettings::default()
            };
            let sandbox = Sandbox::start(settings).await.context("cannot listen")?;
            println!("{}", serde_json::to_string(&sandbox.addresses)?);
            interrupted().await?;
            sandbox.stop().await;
        }
        Command::Play { ingest, rate, seconds, seed, secrets, ledger } => {
            let secrets = Secrets::kept_in(&secrets).context("cannot keep the secrets")?;
            let start_ms = now_ms() as i64;
            let day = Day::new(DaySettings::new(seed, rate, Duration::from_secs(seconds), start_ms));
            let settings = LoadSettings { ledger, ..LoadSettings::new(&ingest, secrets) };
            let progress = Arc::new(Progress::default());
            let (stop, stopped) = watch::channel(false);
            tokio::spawn(async move {
                if interrupted().await.is_ok() {
                    stop.send_replace(true);
                }
            });
            let counts = play(day, start_ms, settings, progress.clone(), stopped).await?;
            println!("{}", json!({"counts": counts, "latencyMs": progress.latencies()}));
        }
    }
    Ok(())
}

/// Waits for Ctrl-C, or for the signal that a container is stopped with.
async fn interrupted() -> std::io::Result<()> {
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminated.recv() => Ok(()),
    }
}
