//! `[telemetry]`: logs and traces.

use crate::section::Section;
use crate::url::url;
use crate::values::{one_of, text};

/// Logs and traces.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// How log lines look (default JSON).
    pub log_format: LogFormat,
    /// What is logged, in the syntax of `tracing_subscriber::EnvFilter` (default `info`).
    pub log_filter: String,
    /// OTLP over HTTP collector; without it no spans are exported.
    pub otlp_endpoint: Option<String>,
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
        Self { log_format: LogFormat::Json, log_filter: "info".to_owned(), otlp_endpoint: None }
    }
}

impl Telemetry {
    pub(crate) fn read(section: &Section<'_>) -> Self {
        let default = Self::default();
        let formats = one_of([("json", LogFormat::Json), ("text", LogFormat::Text)]);
        Self {
            log_format: section.or("log_format", formats, default.log_format),
            log_filter: section.or("log_filter", text, default.log_filter),
            otlp_endpoint: section.optional("otlp_endpoint", url),
        }
    }
}
