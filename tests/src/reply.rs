//! What ingest answered.

use anyhow::Result;
use serde_json::Value;

/// The answer to a webhook.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Body; null where it is no JSON.
    pub body: Value,
    /// `Retry-After`, where it is set.
    pub retry_after: Option<String>,
}

// === impl Reply ===

impl Reply {
    /// Reads an answer to its end.
    ///
    /// # Errors
    /// When the connection breaks.
    pub async fn read(response: reqwest::Response) -> Result<Self> {
        let status = response.status().as_u16();
        let retry_after =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        Ok(Self { status, body, retry_after })
    }

    /// The event ids it names: `eventId`, or the elements of `eventIds`.
    pub fn event_ids(&self) -> Vec<String> {
        let one = self.body["eventId"].as_str().map(str::to_owned);
        let many = self.body["eventIds"].as_array().into_iter().flatten();
        one.into_iter().chain(many.filter_map(|id| id.as_str().map(str::to_owned))).collect()
    }
}
