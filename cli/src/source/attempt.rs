//! `trunkline source try`: one question to a source, with its answer and what is made of it.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::bail;
use trunkline_config::{Config, did_you_mean};
use trunkline_connect::{Directory, Role, SourceExchange, SourceQuestion};

use crate::config_file::ConfigFile;
use crate::exchange;

/// How long the question may take, with the external contact that it may need.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks a source about a customer and shows the question, its answer and what is made of it
///
/// What the source answers is shown as it is, personal data too; tokens, passwords and headers are not.
///
/// Exit codes: 0 when the source knows the customer, 1 when it does not or gives no answer that can be read, 64 when
/// the command line or the configuration has mistakes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the source, as in [enrichment.sources.NAME]
    name: String,
    /// The customer, as events name them
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// A value for the placeholder {parameters.NAME}; may be given more than once
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = pair)]
    parameters: Vec<(String, String)>,
    #[command(flatten)]
    file: ConfigFile,
}

/// Asks and shows; the exit codes are in [`Args`].
///
/// # Errors
/// Mistakes in the configuration; a source that it does not have; nothing that could be asked or read.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    configured(&config, &args.name)?;
    let directory = Directory::from_config(&config, Role::Enrichment)?;
    let parameters: BTreeMap<String, String> = args.parameters.iter().cloned().collect();
    let question = SourceQuestion {
        source: &args.name,
        customer: args.customer.as_deref(),
        parameters: &parameters,
        deadline: Instant::now() + TIMEOUT,
        traceparent: None,
        conversation: None,
    };
    let mut seen = |SourceExchange { method, path, body, answer }: SourceExchange| {
        exchange::print(method.as_str(), &path, body.as_ref(), &answer);
    };
    match directory.try_source(question, &now, &mut seen).await {
        Ok(Some(data)) => {
            println!("found    {}", exchange::found(&data, Vec::new()));
            Ok(ExitCode::SUCCESS)
        }
        Ok(None) => {
            println!("found    nobody: the source does not know this customer");
            Ok(ExitCode::FAILURE)
        }
        Err(reason) => bail!("source '{}': {reason}", args.name),
    }
}

fn configured(config: &Config, name: &str) -> anyhow::Result<()> {
    let names = config.enrichment.sources.keys().map(String::as_str);
    match config.enrichment.sources.contains_key(name) {
        true => Ok(()),
        false => bail!("no source '{name}' is configured{}", did_you_mean(name, names)),
    }
}

fn pair(written: &str) -> Result<(String, String), String> {
    let pair = written.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or_else(|| "must be NAME=VALUE".to_owned())?;
    Ok((name.to_owned(), value.to_owned()))
}

/// UTC milliseconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_a_name_and_a_value() {
        assert_eq!(pair("region=eu=west").unwrap(), ("region".to_owned(), "eu=west".to_owned()));
        assert!(pair("region").is_err() && pair("=eu").is_err());
    }
}
