//! The identities of one customer, as the newest record of `customer.profiles` has them.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat};
use trunkline_config::Config;
use trunkline_connect::{Directory, Role};
use trunkline_kafka::tail::From;
use trunkline_kafka::{Registry, Tail};
use trunkline_schemas::codec::Decoder;
use trunkline_schemas::{CustomerProfile, Resolution, SystemIdentity, catalog};

use crate::config_file::ConfigFile;
use crate::decode::decode;

/// Shows which customer of each system a customer was found to be, by what, when, and whether that still holds
#[derive(Debug, clap::Args)]
pub struct Args {
    /// As events name the customer: `customerId`, the key of customer.profiles
    #[arg(value_name = "CUSTOMER")]
    customer: String,
    #[command(flatten)]
    file: ConfigFile,
    /// The record's identities as JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Prints the identities of the customer. It reads `customer.profiles` to its end, which takes as long as the topic is
/// large, and disturbs no other reader.
///
/// # Errors
/// Mistakes in the configuration; brokers or a registry that do not answer; a customer that no record is about.
pub async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = args.file.load().await?;
    let Some(bytes) = newest(&config, &args.customer).await? else {
        bail!("customer.profiles has no record of the customer '{}'", args.customer);
    };
    let registry = Registry::new(&config.registry)?;
    let profile: CustomerProfile = decode(&registry, &mut Decoder::new(), &bytes).await?;
    if args.json {
        println!("{}", serde_json::to_string(&profile.identities)?);
        return Ok(ExitCode::SUCCESS);
    }
    let directory =
        Directory::from_config(&config, Role::Enrichment).context("the targets cannot be set up")?;
    print!("{}", text(&profile, |target| directory.search_settings(target)));
    Ok(ExitCode::SUCCESS)
}

/// The value of the newest record of the customer; `None` where there is none, or it was deleted.
async fn newest(config: &Config, customer: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let (kafka, key) = (config.kafka.clone(), customer.as_bytes().to_vec());
    let topics = [config.kafka.topic(catalog::CUSTOMER_PROFILES)];
    let reading = tokio::task::spawn_blocking(move || {
        let mut newest = None;
        let mut tail = Tail::open(&kafka, "trunkline-identity", &topics, From::Beginning)?;
        tail.read_to_end(|record| {
            if record.key.as_deref() == Some(key.as_slice()) {
                newest = record.value.map(|value| value.to_vec());
            }
        })?;
        anyhow::Ok(newest)
    });
    reading.await.context("reading was broken off")?
}

/// The identities for people; `settings_of` says under which settings a target's customers are searched now.
fn text<'s>(profile: &CustomerProfile, settings_of: impl Fn(&str) -> Option<&'s str>) -> String {
    let mut text = format!("{}\n", profile.customer_id);
    if profile.identities.is_empty() {
        text.push_str("  nobody was searched for in any system\n");
    }
    for identity in &profile.identities {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {}", line(identity, settings_of(&identity.target)));
    }
    text
}

fn line(identity: &SystemIdentity, settings_now: Option<&str>) -> String {
    let SystemIdentity {
        system, target, found_by, record_id, number, candidates, resolved_at, settings, ..
    } = identity;
    let mut parts = vec![format!("{target} ({system}):")];
    let by = found_by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    parts.push(match identity.resolution {
        Resolution::Exact => format!("EXACT{by}"),
        Resolution::Ambiguous => {
            format!(
                "AMBIGUOUS{by}, {} to choose from",
                candidates.map_or("several".to_owned(), |n| n.to_string())
            )
        }
        Resolution::None => "NONE".to_owned(),
        Resolution::Unknown => "UNKNOWN, written by a newer build".to_owned(),
    });
    parts.extend(number.as_ref().map(|number| format!("number {number}")));
    parts.extend(record_id.as_ref().map(|id| format!("record {id}")));
    let at = resolved_at.and_then(DateTime::from_timestamp_millis);
    parts.extend(at.map(|at| format!("found out {}", at.to_rfc3339_opts(SecondsFormat::Secs, true))));
    parts.push(match (settings_now, settings) {
        (None, _) => "no longer asked for profiles".to_owned(),
        (Some(now), Some(then)) if now == then => "under the settings of now".to_owned(),
        _ => "under other settings: searched anew".to_owned(),
    });
    let (first, rest) = parts.split_first().map_or(("", &[][..]), |(first, rest)| (first.as_str(), rest));
    format!("{first} {}", rest.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(target: &str, resolution: Resolution) -> SystemIdentity {
        SystemIdentity {
            system: "sap".to_owned(),
            target: target.to_owned(),
            resolution,
            found_by: Some("phone".to_owned()),
            record_id: None,
            number: None,
            candidates: Some(2),
            resolved_at: Some(1_800_000_000_000),
            settings: Some("f1".to_owned()),
        }
    }

    #[test]
    fn each_target_has_a_line_that_says_whether_it_holds() {
        let now = |target: &str| (target != "old").then_some(if target == "erp" { "f1" } else { "f2" });
        let exact =
            SystemIdentity { number: Some("1000000017".to_owned()), ..identity("erp", Resolution::Exact) };
        assert_eq!(
            line(&exact, now("erp")),
            "erp (sap): EXACT by phone, number 1000000017, found out 2027-01-15T08:00:00Z, under the settings of now"
        );
        let several = identity("erp-2", Resolution::Ambiguous);
        assert_eq!(
            line(&several, now("erp-2")),
            "erp-2 (sap): AMBIGUOUS by phone, 2 to choose from, found out 2027-01-15T08:00:00Z, under other settings: \
             searched anew"
        );
        let nobody = SystemIdentity { resolved_at: None, ..identity("old", Resolution::None) };
        assert_eq!(line(&nobody, now("old")), "old (sap): NONE, no longer asked for profiles");
    }
}
