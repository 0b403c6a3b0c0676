//! The time that an event is put in order by.

use crate::evidence::Fact;

/// How far clocks may be apart, in milliseconds: 5 minutes, what Kerberos (RFC 4120) and AWS's signatures allow.
const CLOCK_SKEW_MS: i64 = 5 * 60_000;

/// When it happened, as far as that can be believed: an event that says it is from the future counts as of
/// the time that it was taken in, and the skew that clocks may have, or it would make everything after it
/// late (ARCHITECTURE.md).
pub fn happened(fact: &Fact) -> i64 {
    fact.event_time.min(fact.ingest_time.saturating_add(CLOCK_SKEW_MS))
}
