//! Whether what is known of a customer is good enough: a verdict on the answers of the systems, by their age.

use trunkline_schemas::{EnrichmentSource, EnrichmentStatus, Resolution, SourceStatus};

/// Whether a system answered, with data or with the statement that it does not know the customer.
pub fn answered(status: SourceStatus) -> bool {
    matches!(status, SourceStatus::Ok | SourceStatus::NotFound)
}

/// How good a profile with these sources is, each with the age that its answer may have (milliseconds). A source that
/// knows several customers who may be meant answered, and lacks all the same: who is meant can be found out.
pub fn verdict(sources: &[(EnrichmentSource, i64)]) -> EnrichmentStatus {
    let has_data = |s: &EnrichmentSource| s.age_ms.is_some() && s.status != SourceStatus::NotFound;
    let is_old = |s: &EnrichmentSource, freshness_ms: i64| s.age_ms.is_some_and(|age| age > freshness_ms);
    if !sources.iter().any(|(s, _)| has_data(s)) {
        EnrichmentStatus::Missing
    } else if sources.iter().any(|(s, freshness_ms)| has_data(s) && is_old(s, *freshness_ms)) {
        EnrichmentStatus::Stale
    } else if sources.iter().all(|(s, _)| answered(s.status) && s.resolution != Some(Resolution::Ambiguous)) {
        EnrichmentStatus::Complete
    } else {
        EnrichmentStatus::Partial
    }
}

/// Whether every source answered, and no answer is older than it may be (milliseconds).
pub fn all_current(sources: &[(EnrichmentSource, i64)]) -> bool {
    sources.iter().all(|(source, freshness_ms)| {
        answered(source.status) && source.age_ms.is_some_and(|age| age <= *freshness_ms)
    })
}
