//! `trunkline target try`: one lookup of a customer, with its questions and answers.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use trunkline_connect::{Depth, Exchange, Found, FoundCustomer, ProfileKey};

use crate::config_file::ConfigFile;
use crate::exchange;

/// How long all questions may take together.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Looks a customer up at a target and shows each question, its answer and what is made of them
///
/// What the target answers is shown as it is, personal data too; tokens, passwords and headers are not.
///
/// Exit codes: 0 when the target knows exactly one customer, 1 when it knows none or several or the lookup fails, 64
/// when the command line or the configuration has mistakes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the target
    name: String,
    #[command(flatten)]
    key: Key,
    #[command(flatten)]
    file: ConfigFile,
}

/// Who is looked up.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Key {
    /// By the customer's number
    #[arg(long, value_name = "NUMBER")]
    customer: Option<String>,
    /// By a phone number in E.164, for instance +13172000001
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// By an e-mail address
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// By the system's own id of the customer's record
    #[arg(long, value_name = "ID")]
    record_id: Option<String>,
}

/// Looks up and shows; the exit codes are in [`Args`].
///
/// # Errors
/// Mistakes in the configuration; a target that it does not have; a lookup that fails.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let target = super::find(&config, &args.name)?;
    let directory = super::directory(&config)?;
    let Some(key) = args.key.given() else { anyhow::bail!("nobody to look up") };
    let deadline = Instant::now() + TIMEOUT;
    let mut seen = |Exchange { path, answer }: Exchange| exchange::print("GET", &path, None, &answer);
    let found = directory.find_customer(&target.name, &key, Depth::Profile, deadline, None, &mut seen).await;
    let found = found.map_err(|error| match error.advice(target) {
        Some(advice) => anyhow::Error::new(error).context(advice),
        None => error.into(),
    })?;
    match found {
        Found::One(customer) => {
            println!("found    {}", canonical(&customer));
            Ok(ExitCode::SUCCESS)
        }
        Found::None => {
            println!("found    nobody by this {}", key.kind());
            Ok(ExitCode::FAILURE)
        }
        Found::Several(count) => {
            println!("found    {count} records by this {}; none is chosen", key.kind());
            Ok(ExitCode::FAILURE)
        }
    }
}

/// What was read, under the canonical names; what is not known is left out.
fn canonical(customer: &FoundCustomer) -> Value {
    let ids = vec![("recordId", json!(customer.record_id)), ("number", json!(customer.number))];
    exchange::found(&customer.data, ids)
}

// === impl Key ===

impl Key {
    fn given(&self) -> Option<ProfileKey> {
        let Self { customer, phone, email, record_id } = self;
        let customer = customer.clone().map(ProfileKey::Number);
        let phone = phone.clone().map(ProfileKey::Phone);
        let email = email.clone().map(ProfileKey::Email);
        customer.or(phone).or(email).or(record_id.clone().map(ProfileKey::RecordId))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_is_shown() {
        let customer = FoundCustomer { number: Some("C-1".to_owned()), ..FoundCustomer::default() };
        assert_eq!(canonical(&customer), json!({"number": "C-1"}));
    }
}
