//! Log lines on standard error, and export of spans when a collector is configured.

use std::sync::OnceLock;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};
use trunkline_config::{LogFormat, Telemetry};

use crate::export;
use crate::json_lines::{JsonLines, standard_error};

/// Whether spans are exported; set once by [`init`].
static EXPORTING: OnceLock<bool> = OnceLock::new();

/// Flushes exported spans when dropped: keep it until the end of `main`.
#[must_use = "spans not yet exported are lost when the guard is dropped early"]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
}

/// Starts logging, and exporting spans when `otlp_endpoint` is set. The first call in a process counts; later ones
/// change nothing.
///
/// Never fails: a filter that does not parse falls back to `info`, and an exporter that cannot be built leaves export
/// off; both are logged.
pub fn init(settings: &Telemetry, component: &'static str, instance: &str) -> Guard {
    let (filter, filter_error) = match EnvFilter::try_new(&settings.log_filter) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let (provider, exporter_error) = match export::provider(settings, component, instance) {
        Ok(provider) => (provider, None),
        Err(error) => (None, Some(error)),
    };
    let lines = match settings.log_format {
        LogFormat::Json => JsonLines::new(component, instance, standard_error).boxed(),
        LogFormat::Text => tracing_subscriber::fmt::layer().with_writer(std::io::stderr).boxed(),
    };
    // Spans are exported from `info` up whatever the log filter says: a quiet log must not break traces.
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("trunkline"))
            .with_filter(LevelFilter::INFO)
    });
    let registry = tracing_subscriber::registry().with(lines.with_filter(filter)).with(spans);
    if registry.try_init().is_err() {
        return Guard { provider: None };
    }
    let _ = EXPORTING.set(provider.is_some());
    if let Some(error) = filter_error {
        tracing::warn!(filter = settings.log_filter, %error, "the log filter does not parse, using `info`");
    }
    if let Some(error) = exporter_error {
        tracing::warn!(%error, "traces are not exported");
    }
    Guard { provider }
}

/// Warns of what travels unencrypted beyond this machine, as `insecure` in the configuration allows.
pub fn warn_of_plaintext(plaintext: &[String]) {
    for what in plaintext {
        tracing::warn!(
            what,
            "insecure = true: what is sent there travels unencrypted beyond this machine, and anyone on the way can \
             read and change it"
        );
    }
}

/// Whether spans are exported.
pub(crate) fn exporting() -> bool {
    EXPORTING.get().copied().unwrap_or(false)
}

// === impl Guard ===

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(provider) = self.provider.take()
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}
