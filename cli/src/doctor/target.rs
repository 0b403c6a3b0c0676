//! Outside systems: do they answer, and do they take our credentials?

use std::time::Instant;

use reqwest::Method;
use trunkline_config::Config;
use trunkline_connect::{CallErrorKind, Directory, Outbound, Repeat, Request, Role};

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
        report.add(format!("target {}", target.name), began, found);
    }
}

async fn read(outbound: &Outbound) -> Result<String, String> {
    let target = outbound.target();
    let request = Request {
        method: Method::GET,
        path: format!("{}{}", target.api_root(), target.system.capabilities().probe),
        headers: vec![("accept", "application/json".to_owned())],
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
