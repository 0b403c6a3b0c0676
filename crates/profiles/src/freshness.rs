//! Whether what is known of a customer is good enough: a verdict on the answers of the systems, by their age.

use trunkline_schemas::{EnrichmentSource, EnrichmentStatus, SourceStatus};

/// Whether a system answered, with data or with the statement that it does not know the customer.
pub fn answered(status: SourceStatus) -> bool {
    matches!(status, SourceStatus::Ok | SourceStatus::NotFound)
}

/// How good a profile with these sources is, where answers may be `freshness_ms` old.
pub fn verdict(sources: &[EnrichmentSource], freshness_ms: i64) -> EnrichmentStatus {
    let has_data = |s: &EnrichmentSource| s.age_ms.is_some() && s.status != SourceStatus::NotFound;
    if !sources.iter().any(has_data) {
        EnrichmentStatus::Missing
    } else if sources.iter().any(|s| has_data(s) && s.age_ms.is_some_and(|age| age > freshness_ms)) {
        EnrichmentStatus::Stale
    } else if sources.iter().all(|s| answered(s.status)) {
        EnrichmentStatus::Complete
    } else {
        EnrichmentStatus::Partial
    }
}

/// Whether every system answered, and no answer is older than `freshness_ms`.
pub fn all_current(sources: &[EnrichmentSource], freshness_ms: i64) -> bool {
    let current =
        |s: &EnrichmentSource| answered(s.status) && s.age_ms.is_some_and(|age| age <= freshness_ms);
    sources.iter().all(current)
}
