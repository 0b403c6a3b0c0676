//! Outside systems: do they answer, and do they take our credentials?

use std::time::Instant;

use reqwest::Method;
use trunkline_config::Config;
use trunkline_connect::{CallErrorKind, Directory, LookupError, Outbound, Repeat, Request, Role};

use super::PROBE_TIMEOUT;
use super::report::Report;

/// Endpoint class of the probes: they have a breaker of their own.
const CLASS: &str = "doctor";

/// Gets a token from each target and reads something small with it. Nothing is written.
pub(super) async fn probe(config: &Config, report: &mut Report) {
    let directory = match Directory::from_config(config, Role::WriteBack) {
        Ok(directory) => directory,
        Err(error) => return report.add("targets", Instant::now(), Err(error.to_string())),
    };
    for target in config.targets.values() {
        let began = Instant::now();
        let found = match directory.outbound(&target.name) {
            Some(outbound) => read(outbound).await,
            None => Err("is not set up".to_owned()),
        };
        let is_asked = config.enrichment.targets.contains(&target.name);
        let reachable = found.is_ok();
        report.add(format!("target {}", target.name), began, found);
        if is_asked && reachable {
            let began = Instant::now();
            let found = mapping(&directory, &target.name).await;
            report.add(format!("mapping {}", target.name), began, found);
        }
    }
}

/// Whether the objects and fields exist by which customers are looked up.
async fn mapping(directory: &Directory, target: &str) -> Result<String, String> {
    let described = match directory.describe(target, Instant::now() + PROBE_TIMEOUT).await {
        Ok(described) => described,
        // Lookups need less than a description: whether they work is another question.
        Err(LookupError::Call(error)) if error.status == Some(403) => {
            return Ok(format!("not checked, the target does not describe itself to us: {error}"));
        }
        Err(error) => return Err(format!("cannot be checked: {error}")),
    };
    let wrong: Vec<String> = described
        .checked
        .iter()
        .filter_map(|field| Some(format!("{}: {}", field.setting, field.wrong.as_ref()?)))
        .collect();
    match wrong.as_slice() {
        [] => Ok(format!("all {} configured fields exist", described.checked.len())),
        _ => Err(format!("{} (`trunkline target describe {target}`)", wrong.join("; "))),
    }
}

async fn read(outbound: &Outbound) -> Result<String, String> {
    let target = outbound.target();
    let Some(probe) = target.system.capabilities().probe else { return log_in(outbound).await };
    let request = Request {
        method: Method::GET,
        path: format!("{}{}", target.api_root(), probe),
        headers: vec![("accept".into(), "application/json".to_owned())],
        body: None,
        repeat: Repeat::OnlyWithoutEffect,
        traceparent: None,
    };
    match outbound.call(CLASS, &request, Instant::now() + PROBE_TIMEOUT).await {
        Ok(response) => Ok(format!("takes our credentials; answered {}", response.status)),
        // It knew us and did not like the question: our credentials work.
        Err(error) if matches!(error.kind, CallErrorKind::NotFound | CallErrorKind::Conflict) => {
            Ok(format!("takes our credentials; answered {}", error.status.unwrap_or_default()))
        }
        Err(error) => Err(format!("{error} ({})", error.trunkline_code())),
    }
}

/// Nobody knows what an API of any kind has: only its login is tried.
async fn log_in(outbound: &Outbound) -> Result<String, String> {
    match outbound.log_in(Instant::now() + PROBE_TIMEOUT).await {
        Ok(true) => {
            Ok("gives a token; whether its API takes it, only the questions of its sources can tell"
                .to_owned())
        }
        Ok(false) => {
            Ok("not asked: its login shows itself only with the questions of its sources".to_owned())
        }
        Err(error) => Err(format!("{error} ({})", error.trunkline_code())),
    }
}
