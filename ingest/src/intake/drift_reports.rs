//! Differences from the schemas: counted as they are seen, published at a bounded rate.

use futures_util::future::join_all;
use metrics::{counter, gauge};
use parking_lot::Mutex;
use trunkline_config::Source;
use trunkline_mapping::drift_log::{DriftLog, Origin};
use trunkline_mapping::records::Records;
use trunkline_mapping::{Accepted, Changes, Quarantined, canonical};
use trunkline_schemas::SchemaDrift;

use super::store::Store;
use crate::metric_names;
use crate::publish::Publish;

/// The drift that all requests share.
#[derive(Default)]
pub struct DriftReports {
    log: Mutex<DriftLog>,
}

// === impl DriftReports ===

impl DriftReports {
    /// Counts what an event has that its schema lacks.
    pub fn of_event(&self, source: &Source, accepted: &Accepted, now: i64) {
        let Accepted { event, drift, .. } = accepted;
        let origin = Origin {
            source: &source.name,
            kind: source.kind.as_str(),
            schema_version: &event.source.schema_version,
            source_type: &event.source_type,
        };
        self.count(origin, drift, || canonical::sha256_hex(event.data.as_bytes()), now);
    }

    /// Counts what a payload of changes has that its table does not know.
    pub fn of_changes(&self, source: &Source, changes: &Changes, now: i64) {
        let origin = Origin {
            source: &source.name,
            kind: source.kind.as_str(),
            schema_version: &changes.schema_version,
            source_type: &changes.source_type,
        };
        self.count(origin, &changes.drift, || changes.payload_hash.clone(), now);
    }

    /// Counts what kept a payload from being an event.
    pub fn of_quarantined(&self, source: &Source, quarantined: &Quarantined, now: i64) {
        let Quarantined { payload, source_type, schema_version, drift, .. } = quarantined;
        let origin = Origin { source: &source.name, kind: source.kind.as_str(), schema_version, source_type };
        self.count(origin, drift, || payload.payload_hash.clone(), now);
    }

    fn count(
        &self,
        origin: Origin<'_>,
        drift: &[trunkline_mapping::Difference],
        sample_hash: impl Fn() -> String,
        now: i64,
    ) {
        if drift.is_empty() {
            return;
        }
        let mut log = self.log.lock();
        for difference in drift {
            counter!(metric_names::DRIFT, "source" => origin.source.to_owned(), "change" => difference.change.as_str())
                .increment(1);
            log.record(origin, difference, &sample_hash, now);
        }
    }

    /// Publishes what is due; all of it at a shutdown.
    pub async fn publish<P: Publish>(&self, store: &Store<P>, records: &Records, now: i64, all: bool) {
        let (due, overflow) = {
            let mut log = self.log.lock();
            (log.due(now, all), log.overflow())
        };
        gauge!(metric_names::DRIFT_OVERFLOW).set(overflow as f64);
        let results = join_all(due.iter().map(|drift| async move {
            let record = records.drift(drift, now).map_err(|error| error.to_string())?;
            store.publish(record).await.map_err(|error| error.to_string())
        }))
        .await;
        let failed: Vec<(SchemaDrift, String)> =
            due.into_iter().zip(results).filter_map(|(drift, result)| Some((drift, result.err()?))).collect();
        if let Some((_, error)) = failed.first() {
            tracing::warn!(error, records = failed.len(), "drift could not be reported, it is tried again");
            self.log.lock().give_back(failed.into_iter().map(|(drift, _)| drift).collect());
        }
    }
}
