//! Every metric of ingest, in one place.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

/// Requests answered, by `source` and `status`; requests for unknown sources count under `unknown`.
pub const REQUESTS: &str = "trunkline_ingest_requests_total";
/// From the request's head to its answer, by `source`.
pub const REQUEST_SECONDS: &str = "trunkline_ingest_request_seconds";
/// Requests being worked on.
pub const IN_FLIGHT: &str = "trunkline_ingest_in_flight";
/// Size of bodies, by `source`.
pub const BODY_BYTES: &str = "trunkline_ingest_body_bytes";
/// Events stored, by `source`.
pub const EVENTS: &str = "trunkline_ingest_events_total";
/// Payloads put aside, by `source`.
pub const QUARANTINED: &str = "trunkline_ingest_quarantined_total";
/// Differences from schemas, by `source` and `change`.
pub const DRIFT: &str = "trunkline_ingest_drift_total";
/// Differences that were seen and are not reported one by one, because there are too many kinds of them.
pub const DRIFT_OVERFLOW: &str = "trunkline_ingest_drift_overflow";
/// Records that Kafka did not take.
pub const UNPUBLISHED: &str = "trunkline_ingest_unpublished_total";

/// Tells the recorder what they are.
pub fn describe() {
    describe_counter!(REQUESTS, "Requests answered, by source and status");
    describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "From a request's head to its answer, by source");
    describe_gauge!(IN_FLIGHT, "Requests being worked on");
    describe_histogram!(BODY_BYTES, Unit::Bytes, "Size of bodies, by source");
    describe_counter!(EVENTS, "Events stored, by source");
    describe_counter!(QUARANTINED, "Payloads put aside, by source");
    describe_counter!(DRIFT, "Differences from payload schemas, by source and kind of change");
    describe_gauge!(
        DRIFT_OVERFLOW,
        "Differences seen but not remembered, there being too many kinds of them"
    );
    describe_counter!(UNPUBLISHED, "Records that Kafka did not take");
}
