//! `trunkline target describe`: which configured objects and fields a target has.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::{Value, json};
use trunkline_config::Target;
use trunkline_connect::{Checked, Described};

use super::permissions;
use crate::config_file::ConfigFile;

/// How long all questions may take together.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Asks a target for its objects and fields and says which configured ones it does not have
///
/// Exit codes: 0 when every configured field exists, 1 when one does not or the target does not say, 64 when the
/// command line or the configuration has mistakes.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of the target
    name: String,
    #[command(flatten)]
    file: ConfigFile,
    /// One JSON object instead of text
    #[arg(long)]
    json: bool,
}

/// Asks, and says what exists; the exit codes are in [`Args`].
///
/// # Errors
/// Mistakes in the configuration; a target that it does not have, that has no customers or does not answer.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let target = super::find(&config, &args.name)?;
    let described = super::directory(&config)?.describe(&target.name, Instant::now() + TIMEOUT).await;
    let described = described.with_context(|| needs(permissions::of_description(target)))?;
    let needed = permissions::of(&config, target);
    match args.json {
        true => println!("{}", as_json(&described, &needed)),
        false => print!("{}", as_text(target, &described, &needed)),
    }
    let complete = described.checked.iter().all(|field| field.wrong.is_none());
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn needs(permissions: &str) -> String {
    format!("the target did not describe itself; its account needs: {permissions}")
}

fn as_text(target: &Target, described: &Described, needed: &[String]) -> String {
    let mut text = String::new();
    // Writing to a string never fails.
    let _ = writeln!(
        text,
        "target '{}': {} at {}{}",
        target.name,
        target.system,
        target.base_url,
        target.api_root()
    );
    for (object, fields) in &described.objects {
        let _ = match fields {
            Some(fields) => writeln!(text, "  {object}: {fields} fields"),
            None => writeln!(text, "  {object}: does not exist, or may not be read"),
        };
    }
    for Checked { setting, object, field, wrong } in &described.checked {
        let _ = match wrong {
            None => writeln!(text, "ok       {setting:<34}  {object} {field}"),
            Some(wrong) => writeln!(text, "MISSING  {setting:<34}  {wrong}"),
        };
    }
    for permission in needed {
        let _ = writeln!(text, "needs    {permission}");
    }
    let missing = described.checked.iter().filter(|field| field.wrong.is_some()).count();
    let _ = match missing {
        0 => writeln!(text, "all {} configured fields exist", described.checked.len()),
        _ => writeln!(
            text,
            "{missing} of {} configured fields do not exist or may not be read",
            described.checked.len()
        ),
    };
    text
}

fn as_json(described: &Described, needed: &[String]) -> Value {
    let field = |Checked { setting, object, field, wrong }: &Checked| json!({"setting": setting, "object": object, "field": field, "wrong": wrong});
    json!({
        "objects": described.objects,
        "fields": described.checked.iter().map(field).collect::<Vec<_>>(),
        "needs": needed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_said_with_its_setting() {
        let checked = |wrong: Option<&str>| Checked {
            setting: "profile.fields.loyaltyTier".to_owned(),
            object: "Account".to_owned(),
            field: "Teir__c".to_owned(),
            wrong: wrong.map(str::to_owned),
        };
        let described = Described {
            objects: [("Account".to_owned(), Some(12))].into(),
            checked: vec![checked(None), checked(Some("no field 'Teir__c', did you mean 'Tier__c'?"))],
        };
        let json = as_json(&described, &["scope 'api'".to_owned()]);
        assert_eq!(json["objects"]["Account"], 12);
        assert_eq!(json["fields"][1]["wrong"], "no field 'Teir__c', did you mean 'Tier__c'?");
        assert_eq!(json["needs"][0], "scope 'api'");
    }
}
