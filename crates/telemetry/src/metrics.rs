//! The Prometheus recorder behind the `metrics` crate's macros.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Buckets of histograms named `…_seconds`: from a RocksDB read to a CRM that hangs.
const SECONDS: [f64; 16] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
/// Buckets of histograms named `…_records` or `…_bytes`: powers of four.
const SIZES: [f64; 11] =
    [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the process's recorder at the first call and returns its handle at every call.
///
/// When another recorder is installed already (a test's own, say), that one stays and this handle renders nothing.
pub fn install() -> PrometheusHandle {
    HANDLE.get_or_init(build).clone()
}

fn build() -> PrometheusHandle {
    let builder = [("_seconds", SECONDS.as_slice()), ("_records", &SIZES), ("_bytes", &SIZES)]
        .into_iter()
        .try_fold(PrometheusBuilder::new(), |builder, (suffix, buckets)| {
            builder.set_buckets_for_metric(Matcher::Suffix(suffix.to_owned()), buckets)
        })
        // Only an empty list of buckets is refused, and none above is.
        .unwrap_or_default();
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::warn!("another metrics recorder is installed already; /metrics will be empty");
    }
    handle
}
