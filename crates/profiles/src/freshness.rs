//! Whether what is known of a customer is good enough: a verdict on the answers of the systems, by their age.

use trunkline_schemas::{EnrichmentSource, EnrichmentStatus, Resolution, SourceStatus};

use crate::asked::AskedSource;

/// Whether a system answered, with data or with the statement that it does not know the customer.
pub fn answered(status: SourceStatus) -> bool {
    matches!(status, SourceStatus::Ok | SourceStatus::NotFound)
}

/// How good a profile with these sources is, beside how each of them is asked, in the same order. A source that
/// knows several customers who may be meant answered, and lacks all the same: who is meant can be found out.
pub fn verdict(sources: &[EnrichmentSource], asked: &[AskedSource]) -> EnrichmentStatus {
    let has_data = |s: &EnrichmentSource| s.age_ms.is_some() && s.status != SourceStatus::NotFound;
    let is_old = |s: &EnrichmentSource, freshness_ms: i64| s.age_ms.is_some_and(|age| age > freshness_ms);
    let mut with_freshness = sources.iter().zip(asked);
    if !sources.iter().any(has_data) {
        EnrichmentStatus::Missing
    } else if with_freshness.any(|(s, asked)| has_data(s) && is_old(s, asked.freshness_ms)) {
        EnrichmentStatus::Stale
    } else if sources.iter().all(|s| answered(s.status) && s.resolution != Some(Resolution::Ambiguous)) {
        EnrichmentStatus::Complete
    } else {
        EnrichmentStatus::Partial
    }
}

/// Whether every source answered, and no answer is older than it may be, as each is asked, in the same order.
pub fn all_current(sources: &[EnrichmentSource], asked: &[AskedSource]) -> bool {
    sources.iter().zip(asked).all(|(source, asked)| {
        answered(source.status) && source.age_ms.is_some_and(|age| age <= asked.freshness_ms)
    })
}
