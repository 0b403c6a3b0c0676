//! `[telemetry]`: logs and traces.

use std::collections::BTreeMap;

use crate::reference::secret;
use crate::section::Section;
use crate::url::private_url;
use crate::values::{is_header, one_of, share, text};
use crate::{Http, SecretHandle};

/// Logs and traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// How log lines look (default JSON).
    pub log_format: LogFormat,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter` (default `info`).
    pub log_filter: String,
    /// OTLP over HTTP collector; without it no spans are exported.
    pub otlp_endpoint: Option<String>,
    /// Headers of each export, for instance a key of the collector, by name.
    pub otlp_headers: BTreeMap<String, SecretHandle>,
    /// Share of the traces that begin here whose spans are exported (default 1, all of them). A trace that comes in
    /// with a webhook or a record was decided on where it began.
    pub trace_ratio: f64,
    /// How the collector is reached.
    pub http: Http,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

// === impl Telemetry ===

impl Default for Telemetry {
    fn default() -> Self {
        Self {
            log_format: LogFormat::Json,
            log_filter: "info".to_owned(),
            otlp_endpoint: None,
            otlp_headers: BTreeMap::new(),
            trace_ratio: 1.0,
            http: Http::default(),
        }
    }
}

impl Telemetry {
    pub(crate) fn read(section: &Section<'_>, http: &Http) -> Self {
        let default = Self::default();
        section.reads_insecure();
        let formats = one_of([("json", LogFormat::Json), ("text", LogFormat::Text)]);
        let telemetry = Self {
            log_format: section.or("log_format", formats, default.log_format),
            log_filter: section.or("log_filter", text, default.log_filter),
            otlp_endpoint: section.optional("otlp_endpoint", private_url),
            otlp_headers: section.map("otlp_headers", secret),
            trace_ratio: section.or("trace_ratio", share, default.trace_ratio),
            http: http.clone(),
        };
        if let Some(name) = telemetry.otlp_headers.keys().find(|name| !is_header(name)) {
            section.refuse_at(&["otlp_headers", name], &format!("'{name}' is no header name"));
        }
        for field in ["otlp_headers", "trace_ratio"] {
            if section.has(field) && !section.has("otlp_endpoint") {
                let message = format!("'{field}' needs 'otlp_endpoint': without it no spans are exported");
                section.refuse(field, &message);
            }
        }
        telemetry
    }
}
