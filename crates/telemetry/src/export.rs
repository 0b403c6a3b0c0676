//! Export of spans to a collector: which of them, where to, and with which headers.

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use trunkline_config::Telemetry;
use trunkline_http::NotUsable;

use crate::collector_client::CollectorClient;

/// Why spans are not exported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What `[http]` says cannot be used.
    #[error(transparent)]
    Http(#[from] NotUsable),
    /// The library makes no exporter.
    #[error(transparent)]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// What makes and exports spans; `None` without a collector.
pub(crate) fn provider(
    settings: &Telemetry,
    component: &'static str,
    instance: &str,
) -> Result<Option<SdkTracerProvider>, Error> {
    let Some(endpoint) = settings.otlp_endpoint.as_deref() else { return Ok(None) };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(CollectorClient::new(settings)?)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .build()?;
    let resource = Resource::builder()
        .with_service_name(format!("trunkline-{component}"))
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .with_sampler(sampler(settings.trace_ratio));
    Ok(Some(provider.build()))
}

/// Whoever began a trace decided whether it is exported: else parts of it would be missing.
fn sampler(ratio: f64) -> Sampler {
    Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)))
}

#[cfg(test)]
mod tests {
    use opentelemetry::Context;
    use opentelemetry::trace::{
        SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState,
    };
    use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};

    use super::*;

    const TRACES: u64 = 10_000;

    /// How many of many traces are exported; `parent` says whether they came in, and were to be exported.
    fn exported(ratio: f64, parent: Option<bool>) -> u64 {
        let sampler = sampler(ratio);
        let decisions = (1..=TRACES).map(|n| {
            let id = u128::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            let id = TraceId::from_bytes(id.to_be_bytes());
            let context = parent.map(|sampled| {
                let flags = TraceFlags::default().with_sampled(sampled);
                let state = TraceState::default();
                let span = SpanContext::new(id, SpanId::from_bytes([1; 8]), flags, true, state);
                Context::new().with_remote_span_context(span)
            });
            sampler.should_sample(context.as_ref(), id, "x", &SpanKind::Client, &[], &[]).decision
        });
        decisions.filter(|decision| *decision == SamplingDecision::RecordAndSample).count() as u64
    }

    #[test]
    fn a_share_of_the_traces_that_begin_here_is_exported_and_those_that_came_in_as_they_were_decided_on() {
        assert_eq!((exported(1.0, None), exported(0.0, None)), (TRACES, 0));
        let quarter = exported(0.25, None);
        assert!((TRACES / 5..TRACES * 3 / 10).contains(&quarter), "{quarter}");
        for ratio in [0.0, 0.25, 1.0] {
            assert_eq!(exported(ratio, Some(true)), TRACES);
            assert_eq!(exported(ratio, Some(false)), 0);
        }
    }
}
