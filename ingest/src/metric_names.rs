//! Every metric of ingest, in one place.

use std::collections::BTreeMap;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use trunkline_config::{PublicKeys, Source, Verify};
use trunkline_mapping::Change;

use crate::verify::Failure;

/// Requests answered, by `source` and `status`; requests for unknown sources count under [`UNKNOWN`].
pub const REQUESTS: &str = "trunkline_ingest_requests_total";
/// What stands for a source that is not configured.
pub const UNKNOWN: &str = "unknown";
/// From the request's head to its answer, by `source`.
pub const REQUEST_SECONDS: &str = "trunkline_ingest_request_seconds";
/// Requests being worked on.
pub const IN_FLIGHT: &str = "trunkline_ingest_in_flight";
/// Connections that are open.
pub const CONNECTIONS: &str = "trunkline_ingest_connections";
/// Connections closed for others, or because they waited too long for a request.
pub const CONNECTIONS_CLOSED: &str = "trunkline_ingest_connections_closed_total";
/// Connections that were not taken, there being too many at work.
pub const CONNECTIONS_REFUSED: &str = "trunkline_ingest_connections_refused_total";
/// Connections that ended in their TLS handshake: no certificate, a wrong one, or something else than TLS.
pub const HANDSHAKES_FAILED: &str = "trunkline_ingest_tls_handshakes_failed_total";
/// Size of bodies, by `source`.
pub const BODY_BYTES: &str = "trunkline_ingest_body_bytes";
/// Events stored, by `source`.
pub const EVENTS: &str = "trunkline_ingest_events_total";
/// Changes of CRM records stored, by `source`.
pub const CHANGES: &str = "trunkline_ingest_changes_total";
/// Payloads kept in quarantine, by `source`.
pub const QUARANTINED: &str = "trunkline_ingest_quarantined_total";
/// Differences from schemas, by `source` and `change`.
pub const DRIFT: &str = "trunkline_ingest_drift_total";
/// Differences that were seen and are not reported one by one, because there are too many kinds of them.
pub const DRIFT_OVERFLOW: &str = "trunkline_ingest_drift_overflow";
/// Records that Kafka did not take.
pub const UNPUBLISHED: &str = "trunkline_ingest_unpublished_total";

/// Fetches of public keys that check proofs, by `source` and `outcome`: `ok` or `failed`.
pub const KEY_FETCHES: &str = "trunkline_ingest_key_fetches_total";
/// Requests that did not prove where they come from, by `source` and `failure`.
pub const UNVERIFIED: &str = "trunkline_ingest_unverified_total";

/// Statuses that a request for a configured source is answered with; that for another is answered 404.
const STATUSES: [&str; 10] = ["202", "400", "401", "403", "408", "413", "415", "422", "429", "503"];

/// Tells the recorder what they are.
pub fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by source and status");
    describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "From a request's head to its answer, by source");
    describe_gauge!(IN_FLIGHT, "Requests being worked on");
    describe_gauge!(CONNECTIONS, "Connections that are open");
    describe_counter!(CONNECTIONS_CLOSED, "Connections closed for others, or for waiting too long");
    describe_counter!(CONNECTIONS_REFUSED, "Connections not taken, there being too many at work");
    describe_counter!(HANDSHAKES_FAILED, "Connections that ended in their TLS handshake");
    describe_histogram!(BODY_BYTES, Unit::Bytes, "Size of bodies, by source");
    describe_counter!(EVENTS, "Events stored, by source");
    describe_counter!(CHANGES, "Changes of CRM records stored, by source");
    describe_counter!(QUARANTINED, "Payloads kept in quarantine, by source");
    describe_counter!(DRIFT, "Differences from payload schemas, by source and kind of change");
    describe_gauge!(
        DRIFT_OVERFLOW,
        "Differences seen but not remembered, there being too many kinds of them"
    );
    describe_counter!(UNPUBLISHED, "Records that Kafka did not take");
    describe_counter!(KEY_FETCHES, "Fetches of public keys that check proofs, by source and outcome");
    describe_counter!(UNVERIFIED, "Requests that did not prove their sender, by source and what was wrong");
}

/// Begins every counter at 0, for each of the sources: of one that appeared with its first count,
/// `increase()` would not see that count.
pub fn begin(sources: &BTreeMap<String, Source>) {
    let begin = |counter: metrics::Counter| counter.increment(0);
    for (name, source) in sources {
        for status in STATUSES {
            begin(counter!(REQUESTS, "source" => name.clone(), "status" => status));
        }
        begin(counter!(EVENTS, "source" => name.clone()));
        begin(counter!(CHANGES, "source" => name.clone()));
        begin(counter!(QUARANTINED, "source" => name.clone()));
        for change in Change::ALL {
            begin(counter!(DRIFT, "source" => name.clone(), "change" => change.as_str()));
        }
        if !matches!(source.verify, Verify::None) {
            for failure in Failure::ALL {
                begin(counter!(UNVERIFIED, "source" => name.clone(), "failure" => failure.as_str()));
            }
        }
        if matches!(source.verify.public_keys(), Some(PublicKeys::At { .. })) {
            for outcome in ["ok", "failed"] {
                begin(counter!(KEY_FETCHES, "source" => name.clone(), "outcome" => outcome));
            }
        }
    }
    begin(counter!(REQUESTS, "source" => UNKNOWN, "status" => "404"));
    for name in [UNPUBLISHED, CONNECTIONS_CLOSED, CONNECTIONS_REFUSED, HANDSHAKES_FAILED] {
        begin(counter!(name));
    }
    gauge!(CONNECTIONS).set(0);
    gauge!(DRIFT_OVERFLOW).set(0);
    gauge!(IN_FLIGHT).set(0);
}

#[cfg(test)]
mod tests {
    use trunkline_mapping::OverLimit;
    use trunkline_schemas::error_codes;

    use super::*;
    use crate::refusal::Refusal;

    #[test]
    fn every_status_of_a_refusal_is_counted_from_0() {
        let quarantined = |code| Refusal::Quarantined { code, reason: String::new(), hash: String::new() };
        for refusal in [
            Refusal::NotVerified,
            Refusal::NotAllowed,
            Refusal::TooMany { seconds: 1 },
            Refusal::TooLarge { limit: 1 },
            Refusal::TooLargeToStore,
            Refusal::Incomplete { seconds: 1 },
            OverLimit::TooDeep { limit: 1 }.into(),
            OverLimit::TooMany { elements: 1 }.into(),
            quarantined(error_codes::NOT_JSON),
            quarantined(error_codes::CODING_UNSUPPORTED),
            Refusal::Full,
            Refusal::Unavailable,
        ] {
            assert!(STATUSES.contains(&refusal.status().as_str()), "{refusal}");
        }
    }
}
