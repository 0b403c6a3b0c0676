//! Outside systems: do they answer, and do they take our credentials?

use std::time::Instant;

use reqwest::Method;
use trunkline_config::{Config, Target};
use trunkline_connect::{
    CallErrorKind, Depth, Directory, Found, LookupError, Outbound, ProfileKey, Repeat, Request, Role,
};

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
            let began = Instant::now();
            let found = lookups(&directory, target).await;
            report.add(format!("lookups {}", target.name), began, found);
        }
    }
}

/// Whether the objects and fields exist by which customers are looked up.
async fn mapping(directory: &Directory, target: &str) -> Result<String, String> {
    let described = match directory.describe(target, Instant::now() + PROBE_TIMEOUT).await {
        Ok(described) => described,
        // Lookups may need less than a description: whether they work is the next question.
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

/// Whether customers can be looked up, by a customer whom nobody has: the same questions as for any other, and nobody's
/// data in the answers.
async fn lookups(directory: &Directory, target: &Target) -> Result<String, String> {
    let deadline = Instant::now() + PROBE_TIMEOUT;
    let mut by = Vec::new();
    for key in keys_of_nobody() {
        match directory.find_customer(&target.name, &key, Depth::Profile, deadline, None, &mut |_| ()).await {
            Ok(found) => somebody(&found).map_or(Ok(()), |whom| Err(ignored(key.kind(), &whom)))?,
            Err(LookupError::NoSearchField { .. }) => continue,
            Err(error) => {
                let advice = error.advice(target).map(|advice| format!("; {advice}"));
                return Err(format!("by {}: {error}{}", key.kind(), advice.unwrap_or_default()));
            }
        }
        by.push(key.kind());
    }
    Ok(format!("a customer who does not exist is not found by {}", by.join(", ")))
}

/// A number that fits the ten characters of SAP's, one of a country's code that is not assigned (ITU-T E.164), and an
/// address of a domain that never is (RFC 2606).
fn keys_of_nobody() -> [ProfileKey; 3] {
    [
        ProfileKey::Number("TL-NOBODY".to_owned()),
        ProfileKey::Phone("+99900000000".to_owned()),
        ProfileKey::Email("nobody@trunkline.invalid".to_owned()),
    ]
}

/// Whom a question about nobody found; that a number has no tickets or open items is no customer.
fn somebody(found: &Found) -> Option<String> {
    match found {
        Found::None => None,
        Found::One(customer) if customer.record_id.is_some() => Some("a customer".to_owned()),
        Found::One(customer) => match customer.data.open_tickets {
            Some(tickets) if tickets > 0 => Some(format!("{tickets} open tickets")),
            _ => (!customer.data.balances.is_empty()).then(|| "a balance".to_owned()),
        },
        Found::Several(number) => Some(format!("{number} customers")),
    }
}

fn ignored(kind: &str, whom: &str) -> String {
    format!(
        "a {kind} that nobody has finds {whom}: the target ignores the condition, as it does where the field does not \
         exist or the account may not use it; profiles would have other customers' data"
    )
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
        Err(error) => {
            let needed = target.system.capabilities().probe_permissions;
            let needed =
                (error.status == Some(403) && !needed.is_empty()).then(|| format!("; it needs: {needed}"));
            Err(format!("{error} ({}){}", error.trunkline_code(), needed.unwrap_or_default()))
        }
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

#[cfg(test)]
mod tests {
    use trunkline_connect::FoundCustomer;

    use super::*;

    #[test]
    fn a_question_about_nobody_finds_nobody_or_is_ignored() {
        let customer = |record_id: Option<&str>, open_tickets| {
            let mut customer =
                FoundCustomer { record_id: record_id.map(str::to_owned), ..FoundCustomer::default() };
            customer.data.open_tickets = open_tickets;
            Found::One(customer)
        };
        assert_eq!(somebody(&Found::None), None);
        assert_eq!(somebody(&customer(None, Some(0))), None);
        assert_eq!(somebody(&customer(None, Some(7))).as_deref(), Some("7 open tickets"));
        assert_eq!(somebody(&customer(Some("1"), Some(0))).as_deref(), Some("a customer"));
        assert_eq!(somebody(&Found::Several(2)).as_deref(), Some("2 customers"));
    }
}
