//! One delivery: sent, and sent again while it is refused for now.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use trunkline_backoff::Backoff;

use crate::clock::now_ms;
use crate::generator::Delivery;
use crate::load_settings::LoadSettings;
use crate::progress::Progress;

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outcome {
    /// The last answer's status; 0 when there was never one.
    pub(crate) status: u16,
    pub(crate) event_ids: Vec<String>,
    pub(crate) posted_at: f64,
    pub(crate) answered_at: f64,
    pub(crate) attempts: u32,
}

/// What one request came to.
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    event_ids: Vec<String>,
}

/// Posts until it is answered for good, or the retries are used up.
pub(crate) async fn post(
    client: &reqwest::Client,
    settings: &LoadSettings,
    delivery: &Delivery,
    body: &Bytes,
    progress: &Progress,
) -> Outcome {
    let url = format!(
        "{}/v1/webhooks/{}",
        settings.ingest.trim_end_matches('/'),
        settings.source_name(delivery.source)
    );
    let headers = delivery.headers(&settings.secrets);
    let posted_at = now_ms();
    let (mut attempts, mut last_status) = (0, 0);
    loop {
        attempts += 1;
        Progress::add(&progress.attempts);
        let mut request = client.post(&url).body(body.clone()).timeout(settings.timeout);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        let answer = match request.send().await {
            Ok(response) => Some(read(response).await),
            Err(_) => None,
        };
        let wait = retry_wait(settings, attempts, answer.as_ref());
        if let Some(answer) = &answer {
            last_status = answer.status;
        }
        let Some(wait) = wait else {
            let event_ids = answer.map(|answer| answer.event_ids).unwrap_or_default();
            return Outcome { status: last_status, event_ids, posted_at, answered_at: now_ms(), attempts };
        };
        Progress::add(&progress.retries);
        tokio::time::sleep(wait).await;
    }
}

/// How long to wait before the next attempt; `None` to end. Waits double up to the longest; the platform's word wins,
/// within the same bound.
fn retry_wait(settings: &LoadSettings, attempts: u32, answer: Option<&Answer>) -> Option<Duration> {
    let refused_for_now = answer.is_none_or(|answer| answer.status == 429 || answer.status >= 500);
    if !refused_for_now || attempts > settings.retries {
        return None;
    }
    let doubled = Backoff::new(settings.retry_wait, settings.retry_wait_max).bound(attempts);
    let asked = answer.and_then(|answer| answer.retry_after).unwrap_or_default();
    Some(doubled.max(asked).min(settings.retry_wait_max))
}

async fn read(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("retry-after")
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    let body: Value = match response.bytes().await {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        // The status is there but its body is not: nobody can tell whether the platform would have read it.
        Err(_) => Value::Null,
    };
    let many = body["eventIds"].as_array().into_iter().flatten();
    let event_ids = std::iter::once(&body["eventId"])
        .chain(many)
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    Answer { status, retry_after, event_ids }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::Secrets;

    #[test]
    fn waits_double_obey_the_answer_and_end() {
        let settings = LoadSettings {
            retries: 3,
            retry_wait: Duration::from_millis(100),
            retry_wait_max: Duration::from_secs(2),
            ..LoadSettings::new("http://127.0.0.1:1", Secrets::random())
        };
        let answer = |status, retry_after| {
            Some(Answer {
                status,
                retry_after: Option::map(retry_after, Duration::from_secs),
                event_ids: Vec::new(),
            })
        };
        let cases: [(u32, Option<Answer>, Option<u64>); 8] = [
            (1, None, Some(100)),
            (2, None, Some(200)),
            (1, answer(503, Some(1)), Some(1000)),
            (1, answer(429, Some(60)), Some(2000)),
            (1, answer(500, None), Some(100)),
            (4, answer(503, None), None),
            (1, answer(202, None), None),
            (1, answer(422, None), None),
        ];
        for (attempts, answer, expected) in cases {
            let wait = retry_wait(&settings, attempts, answer.as_ref());
            assert_eq!(wait, expected.map(Duration::from_millis), "attempt {attempts}");
        }
    }
}
