//! The metrics of this crate, all in one place. Labels: `target` (configured name), `class` (endpoint class),
//! `outcome`.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use trunkline_config::{Credentials, Target};
use trunkline_schemas::{Resolution, SourceStatus};

use crate::breaker::State;
use crate::token::Token;

const CALLS: &str = "trunkline_outbound_calls_total";
const CALL_SECONDS: &str = "trunkline_outbound_call_duration_seconds";
const ATTEMPTS: &str = "trunkline_outbound_attempts_total";
const ATTEMPT_SECONDS: &str = "trunkline_outbound_attempt_duration_seconds";
const RETRIES: &str = "trunkline_outbound_retries_total";
const BREAKER_STATE: &str = "trunkline_breaker_state";
const BREAKER_TRANSITIONS: &str = "trunkline_breaker_transitions_total";
const LIMITER_WAIT: &str = "trunkline_limiter_wait_seconds";
const LIMITER_REFUSALS: &str = "trunkline_limiter_refusals_total";
const LOGIN_REFUSED: &str = "trunkline_login_refused";
const TOKEN_ISSUED: &str = "trunkline_token_issued_timestamp_seconds";
const TOKEN_AGE: &str = "trunkline_token_age_seconds";
const TOKEN_EXPIRES: &str = "trunkline_token_expiry_timestamp_seconds";
const TOKEN_REFRESHES: &str = "trunkline_token_refreshes_total";
const RESOLUTIONS: &str = "trunkline_customer_resolutions_total";
const NOT_PERMITTED: &str = "trunkline_contacts_not_permitted_total";
const SOURCE_ANSWERS: &str = "trunkline_source_answers_total";

/// What came of a request to a token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenOutcome {
    /// It gave a token.
    Granted,
    /// It gave none, or did not answer.
    Refused,
}

/// Names and explains the metrics to the installed recorder.
pub fn describe() {
    describe_counter!(CALLS, "Calls to outside systems by outcome, each with all its attempts");
    describe_histogram!(CALL_SECONDS, Unit::Seconds, "Time of a call with all its waits and attempts");
    describe_counter!(ATTEMPTS, "Requests that reached the network, by status (0: no answer)");
    describe_histogram!(ATTEMPT_SECONDS, Unit::Seconds, "Time of one request");
    describe_counter!(RETRIES, "Attempts after the first");
    describe_gauge!(BREAKER_STATE, "State of a breaker: 0 closed, 1 half open, 2 open");
    describe_counter!(BREAKER_TRANSITIONS, "Changes of a breaker's state, by the new state");
    describe_histogram!(LIMITER_WAIT, Unit::Seconds, "Time a call waited for its quota");
    describe_counter!(LIMITER_REFUSALS, "Calls that could not wait for their quota within their deadline");
    describe_gauge!(
        LOGIN_REFUSED,
        "1 while a login is refused, by the issuer of tokens or the system, else 0"
    );
    describe_gauge!(TOKEN_ISSUED, Unit::Seconds, "When the current token was issued, Unix time");
    describe_gauge!(TOKEN_AGE, Unit::Seconds, "Age of the current token at its last use");
    describe_gauge!(TOKEN_EXPIRES, Unit::Seconds, "When the current token expires, Unix time");
    describe_counter!(TOKEN_REFRESHES, "Requests to the token endpoint by outcome");
    describe_counter!(RESOLUTIONS, "Searches for a customer in a system, by what they came to");
    describe_counter!(
        NOT_PERMITTED,
        "External contacts that were wanted and may not be read, refused or not asked for"
    );
    describe_counter!(
        SOURCE_ANSWERS,
        "What sources of enrichment came to, asked, from the cache or not asked at all"
    );
}

/// Starts the counters of a target that alerts watch, at 0: of one that began with its first increment, that
/// increment would never be seen.
pub(crate) fn start(target: &Target) {
    if matches!(target.credentials, Credentials::Token(_)) {
        for outcome in [TokenOutcome::Granted, TokenOutcome::Refused] {
            token_refreshes(&target.name, outcome, 0);
        }
    }
    for class in target.system.capabilities().endpoint_classes() {
        limiter_refusals(&target.name, class, 0);
    }
}

/// A search for a customer in a target has ended.
pub(crate) fn resolution(target: &str, resolution: Resolution) {
    counter!(RESOLUTIONS, "target" => target.to_owned(), "resolution" => resolution.as_str()).increment(1);
}

/// An external contact was wanted that may not be read: `refused`, or `not_asked` as others were refused a moment ago.
pub(crate) fn not_permitted(target: &str, class: &'static str, outcome: &'static str) {
    counter!(NOT_PERMITTED, "target" => target.to_owned(), "class" => class, "outcome" => outcome)
        .increment(1);
}

/// A source of enrichment was wanted: where its answer is `from`, and what it came to.
pub(crate) fn source_answer(source: &str, from: &'static str, status: SourceStatus) {
    let labels = [
        ("source", source.to_owned()),
        ("from", from.to_owned()),
        ("status", status_label(status).to_owned()),
    ];
    counter!(SOURCE_ANSWERS, &labels).increment(1);
}

fn status_label(status: SourceStatus) -> &'static str {
    match status {
        SourceStatus::Ok => "ok",
        SourceStatus::NotFound => "not_found",
        SourceStatus::Timeout => "timeout",
        SourceStatus::Unavailable => "unavailable",
        SourceStatus::Error => "error",
        SourceStatus::Unknown => "unknown",
    }
}

pub(crate) fn call(target: &str, class: &'static str, outcome: &'static str, took: Duration) {
    counter!(CALLS, "target" => target.to_owned(), "class" => class, "outcome" => outcome).increment(1);
    histogram!(CALL_SECONDS, "target" => target.to_owned(), "class" => class).record(took.as_secs_f64());
}

pub(crate) fn attempt(target: &str, class: &'static str, status: u16, took: Duration) {
    counter!(ATTEMPTS, "target" => target.to_owned(), "class" => class, "status" => status.to_string())
        .increment(1);
    histogram!(ATTEMPT_SECONDS, "target" => target.to_owned(), "class" => class).record(took.as_secs_f64());
}

pub(crate) fn retry(target: &str, class: &'static str) {
    counter!(RETRIES, "target" => target.to_owned(), "class" => class).increment(1);
}

pub(crate) fn breaker(target: &str, class: &'static str, state: State) {
    gauge!(BREAKER_STATE, "target" => target.to_owned(), "class" => class).set(state.gauge());
}

pub(crate) fn breaker_transition(target: &str, class: &'static str, to: State) {
    counter!(BREAKER_TRANSITIONS, "target" => target.to_owned(), "class" => class, "to" => to.as_str())
        .increment(1);
    breaker(target, class, to);
}

pub(crate) fn limiter_wait(target: &str, class: &'static str, waited: Duration) {
    histogram!(LIMITER_WAIT, "target" => target.to_owned(), "class" => class).record(waited.as_secs_f64());
}

pub(crate) fn limiter_refusal(target: &str, class: &'static str) {
    limiter_refusals(target, class, 1);
}

fn limiter_refusals(target: &str, class: &'static str, more: u64) {
    counter!(LIMITER_REFUSALS, "target" => target.to_owned(), "class" => class).increment(more);
}

pub(crate) fn token_refresh(target: &str, outcome: TokenOutcome) {
    token_refreshes(target, outcome, 1);
}

fn token_refreshes(target: &str, outcome: TokenOutcome, more: u64) {
    let outcome = match outcome {
        TokenOutcome::Granted => "granted",
        TokenOutcome::Refused => "refused",
    };
    counter!(TOKEN_REFRESHES, "target" => target.to_owned(), "outcome" => outcome).increment(more);
}

pub(crate) fn login_refused(target: &str, by: &'static str, refused: bool) {
    gauge!(LOGIN_REFUSED, "target" => target.to_owned(), "by" => by).set(f64::from(u8::from(refused)));
}

pub(crate) fn token_issued(target: &str, token: &Token, now: Instant) {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let issued = unix.saturating_sub(now.saturating_duration_since(token.issued));
    let expires = unix + token.expires.saturating_duration_since(now);
    gauge!(TOKEN_ISSUED, "target" => target.to_owned()).set(issued.as_secs_f64());
    gauge!(TOKEN_EXPIRES, "target" => target.to_owned()).set(expires.as_secs_f64());
}

pub(crate) fn token_used(target: &str, token: &Token, now: Instant) {
    let age = now.saturating_duration_since(token.issued);
    gauge!(TOKEN_AGE, "target" => target.to_owned()).set(age.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::testing;

    #[test]
    fn counters_that_alerts_watch_are_there_before_the_first_call() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            start(&testing::target_with_token("http://127.0.0.1:1"));
            start(&testing::target("http://127.0.0.1:1"));
        });
        let samples = handle.render();
        for sample in [
            r#"trunkline_token_refreshes_total{target="crm",outcome="granted"} 0"#,
            r#"trunkline_token_refreshes_total{target="crm",outcome="refused"} 0"#,
            r#"trunkline_limiter_refusals_total{target="crm",class="query"} 0"#,
            r#"trunkline_limiter_refusals_total{target="crm",class="sobjects.write"} 0"#,
            r#"trunkline_limiter_refusals_total{target="tickets",class="stats"} 0"#,
        ] {
            assert!(samples.lines().any(|line| line == sample), "{sample} is missing in:\n{samples}");
        }
        assert!(!samples.contains(r#"refreshes_total{target="tickets""#), "a password needs no token");
    }
}
