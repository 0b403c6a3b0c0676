//! What became of the lookups of a run: how many there were, whether a breaker stopped them, and what events got.

use std::collections::HashSet;
use std::ops::Range;

use anyhow::Context as _;
use trunkline_schemas::codec::{Decoder, Value as _};
use trunkline_schemas::{EnrichedEvent, EnrichmentStatus, PipelineError, Severity, catalog, error_codes};
use trunkline_simulators::System;
use trunkline_simulators::audit::Entry;

use super::contender::Contender;
use super::outputs;
use super::trial::Trial;

/// The code of reports that a breaker changed its state.
const BREAKER: &str = error_codes::BREAKER_OPEN.as_str();

/// Lookups as one of the systems saw them: each asks it once.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Lookups {
    /// All.
    pub all: usize,
    /// Of slow customers.
    pub slow: usize,
    /// The most at a time, as far as the processor waits for them.
    pub in_flight_max: usize,
}

// === impl Lookups ===

impl Lookups {
    /// What `system` was asked within a time, UTC milliseconds.
    pub fn of(
        trial: &Trial<'_>,
        system: System,
        within: &Range<f64>,
        slow_customers: &HashSet<String>,
    ) -> Self {
        let entries = trial.bench.sandbox.audit().entries(Some(system));
        let deadline_ms = trial.config.enrichment.deadline.as_secs_f64() * 1_000.0;
        let entries = entries.iter().filter(|entry| within.contains(&entry.started_at));
        Self::counted(entries, deadline_ms, slow_customers)
    }

    fn counted<'e>(
        entries: impl Iterator<Item = &'e Entry>,
        deadline_ms: f64,
        slow_customers: &HashSet<String>,
    ) -> Self {
        let mut lookups = Self::default();
        let mut changes: Vec<(f64, isize)> = Vec::new();
        for entry in entries {
            lookups.all += 1;
            let slow = slow_customers.iter().any(|customer| entry.path.contains(customer));
            lookups.slow += usize::from(slow);
            changes.push((entry.started_at, 1));
            changes.push((entry.finished_at.min(entry.started_at + deadline_ms), -1));
        }
        changes.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let mut under_way = 0_isize;
        for (_, change) in changes {
            under_way += change;
            lookups.in_flight_max = lookups.in_flight_max.max(under_way.unsigned_abs());
        }
        lookups
    }
}

/// What the processor reported of breakers that opened until then, UTC milliseconds. When the load is over,
/// the lookups that are left are those of slow customers alone, and fail in a row.
///
/// # Errors
/// When the reports cannot be read.
pub fn opened_breakers(trial: &Trial<'_>, until: f64) -> anyhow::Result<Vec<String>> {
    let mut decoder = Decoder::<PipelineError>::new();
    let schema = trial.ids.get(catalog::PIPELINE_ERRORS).context("reports have no schema id")?;
    decoder.add_writer(schema, PipelineError::SCHEMA)?;
    let mut opened = Vec::new();
    outputs::read(&trial.config, &trial.config.kafka.topic(catalog::PIPELINE_ERRORS), |record| {
        let report = decoder.decode(&record.value.context("a report has no value")?)?;
        if report.code == BREAKER
            && report.severity == Severity::Warning
            && report.occurred_at as f64 <= until
        {
            opened.push(report.message);
        }
        Ok(())
    })?;
    Ok(opened)
}

/// The share of these conversations' events that came out with a complete profile.
///
/// # Errors
/// When the output cannot be read.
pub fn complete_share(trial: &Trial<'_>, conversations: &HashSet<String>) -> anyhow::Result<f64> {
    let mut decoder = Decoder::<EnrichedEvent>::new();
    let schema = trial.ids.get(catalog::EVENTS_ENRICHED).context("enriched events have no schema id")?;
    decoder.add_writer(schema, EnrichedEvent::SCHEMA)?;
    let (mut all, mut complete) = (0_u64, 0_u64);
    let topic = Contender::Trunkline.topic(&trial.config, catalog::EVENTS_ENRICHED);
    outputs::read(&trial.config, &topic, |record| {
        let event = decoder.decode(&record.value.context("an event has no value")?)?;
        if conversations.contains(&event.entity_id) {
            all += 1;
            complete += u64::from(event.enrichment.status == EnrichmentStatus::Complete);
        }
        Ok(())
    })?;
    Ok(complete as f64 / all.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookups_are_under_way_as_long_as_somebody_waits_for_them() {
        let entry = |customer: &str, started_at, finished_at| Entry {
            system: System::Sap,
            method: "GET".to_owned(),
            path: format!("/items?$filter=Customer%20eq%20%27{customer}%27"),
            resource: None,
            credential: None,
            started_at,
            finished_at,
            status: 200,
            effect: false,
            idempotency_key: None,
            client_request_id: None,
            client: None,
            fault: None,
            body: None,
            answer: None,
        };
        let entries = [
            entry("C-000020", 0.0, 2_000.0),
            entry("C-000001", 10.0, 12.0),
            entry("C-000002", 11.0, 13.0),
            entry("C-000003", 300.0, 301.0),
        ];
        let slow = HashSet::from(["C-000020".to_owned()]);
        let counted = Lookups::counted(entries.iter(), 250.0, &slow);
        assert_eq!(counted, Lookups { all: 4, slow: 1, in_flight_max: 3 });
    }
}
