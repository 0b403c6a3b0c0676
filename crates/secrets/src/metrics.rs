//! The metrics of this crate, all in one place. The label `secret` is a reference, such as `file:/run/secrets/sap`.

use metrics::{counter, describe_counter, describe_gauge, gauge};

const CHANGES: &str = "trunkline_secret_changes_total";
const FAILURES: &str = "trunkline_secret_read_failures_total";
const CERTIFICATE_END: &str = "trunkline_secret_certificate_end_timestamp_seconds";
const UNREADABLE: &str = "trunkline_secret_unreadable";

/// Names and explains the metrics to the installed recorder.
pub(crate) fn describe() {
    describe_counter!(CHANGES, "Values of a secret that took the place of another one");
    describe_counter!(FAILURES, "Readings of a secret that failed; its last value stays");
    describe_gauge!(CERTIFICATE_END, "When a certificate ends, in seconds since 1970");
    describe_gauge!(UNREADABLE, "1 while a secret cannot be read and its last value is used, else 0");
}

/// Begins what is counted of a secret at 0.
pub(crate) fn begin(secret: &str) {
    counter!(CHANGES, "secret" => secret.to_owned()).increment(0);
    counter!(FAILURES, "secret" => secret.to_owned()).increment(0);
    unreadable(secret, false);
}

/// A secret has another value.
pub(crate) fn changed(secret: &str) {
    counter!(CHANGES, "secret" => secret.to_owned()).increment(1);
}

/// A secret could not be read.
pub(crate) fn failed(secret: &str) {
    counter!(FAILURES, "secret" => secret.to_owned()).increment(1);
}

/// When the certificates of a secret end, in seconds since 1970.
pub(crate) fn certificate_end(secret: &str, end: i64) {
    gauge!(CERTIFICATE_END, "secret" => secret.to_owned()).set(end as f64);
}

/// Whether a secret cannot be read.
pub(crate) fn unreadable(secret: &str, unreadable: bool) {
    gauge!(UNREADABLE, "secret" => secret.to_owned()).set(if unreadable { 1.0 } else { 0.0 });
}
