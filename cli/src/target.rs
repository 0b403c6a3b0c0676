//! `trunkline target`: what a target has of the objects and fields that are configured, and what it knows of a
//! customer.
//!
//! # Layout
//!
//! - [`describe`]: the objects and fields, as the target describes them itself
//! - [`attempt`]: one lookup, with its questions and answers
//! - [`permissions`]: what the target's account must be allowed to do

pub mod attempt;
pub mod describe;
pub mod permissions;

use std::process::ExitCode;

use anyhow::{Context, bail};
use trunkline_config::{Config, Target, did_you_mean};
use trunkline_connect::{Directory, Role};

/// Asks a target what it has, or what it knows of a customer
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Describe(describe::Args),
    Try(attempt::Args),
}

/// Does what was asked for.
///
/// # Errors
/// Mistakes in the configuration; a target that it does not have or that does not answer.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    match &args.verb {
        Verb::Describe(args) => describe::run(args).await,
        Verb::Try(args) => attempt::run(args).await,
    }
}

/// The target of that name.
fn find<'a>(config: &'a Config, name: &str) -> anyhow::Result<&'a Target> {
    if let Some(target) = config.targets.get(name) {
        let capabilities = target.system.capabilities();
        if capabilities.standard_profile.is_none() && capabilities.sources_class.is_some() {
            bail!("{}", no_objects(config, name));
        }
        return Ok(target);
    }
    bail!("no target '{name}' is configured{}", did_you_mean(name, config.targets.keys().map(String::as_str)))
}

/// What is said of an HTTP service: only the sources that ask it know what it has.
fn no_objects(config: &Config, name: &str) -> String {
    let sources = config.enrichment.sources.values().filter(|source| source.target == name);
    let names: Vec<String> =
        sources.map(|source| format!("`trunkline source try {}`", source.name)).collect();
    let advice = match names.is_empty() {
        true => "no source of [enrichment.sources] asks it".to_owned(),
        false => format!("{} asks it about a customer", names.join(" or ")),
    };
    format!("target '{name}' is an HTTP service, which has no objects of its own: {advice}")
}

/// The connections to all targets.
fn directory(config: &Config) -> anyhow::Result<Directory> {
    Directory::from_config(config, Role::WriteBack).context("the targets cannot be set up")
}
