//! Our clock against those of the systems we talk to, by the `Date` of their answers.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use trunkline_config::{Config, Http};

use super::PROBE_TIMEOUT;
use super::report::Report;

/// Seconds of difference that are too many: tokens and freshness windows go wrong. `Date` itself has whole seconds.
const SKEW_MAX_SECONDS: i64 = 5;

/// Asks each HTTP service for its time. One that gives none says nothing about our clock.
pub(super) async fn probe(config: &Config, report: &mut Report) {
    let registry = &config.registry;
    let targets = config.targets.values().map(|target| (&*target.name, &target.base_url, &target.http));
    let services = std::iter::once(("registry", &registry.url, &registry.http)).chain(targets);
    let began = Instant::now();
    let mut skews = Vec::new();
    for (name, url, http) in services {
        if let Some(skew) = skew_seconds(http, url).await {
            skews.push((skew, name.to_owned()));
        }
    }
    report.add("clock", began, judge(skews));
}

fn judge(skews: Vec<(i64, String)>) -> Result<String, String> {
    let count = skews.len();
    match skews.into_iter().max_by_key(|(skew, _)| skew.abs()) {
        None => Ok("no service told its time; nothing to compare with".to_owned()),
        Some((skew, name)) if skew.abs() > SKEW_MAX_SECONDS => Err(format!(
            "ours differs by {skew} s from that of '{name}'; synchronise it (NTP), or tokens will seem to have expired"
        )),
        Some((skew, name)) => Ok(format!("at most {} s from {count} others ('{name}')", skew.abs())),
    }
}

/// Seconds that our clock is ahead.
async fn skew_seconds(http: &Http, url: &str) -> Option<i64> {
    let builder = trunkline_http::builder(http).ok()?.timeout(PROBE_TIMEOUT);
    let client = builder.redirect(reqwest::redirect::Policy::none()).build().ok()?;
    let began = now();
    let answer = client.get(url).send().await.ok()?;
    let ours = (began + now()) / 2;
    let date = answer.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.timestamp();
    Some(ours - theirs)
}

fn now() -> i64 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_difference_decides_in_either_direction() {
        let named = |skews: &[i64]| skews.iter().map(|skew| (*skew, format!("at {skew}"))).collect();
        assert!(judge(named(&[])).is_ok());
        assert_eq!(judge(named(&[0, -2, 1])).unwrap(), "at most 2 s from 3 others ('at -2')");
        assert!(judge(named(&[0, -6, 1])).unwrap_err().contains("-6 s"));
        assert!(judge(named(&[60])).unwrap_err().contains("60 s"));
    }
}
