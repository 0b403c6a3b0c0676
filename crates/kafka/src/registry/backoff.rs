//! Asking again while the registry is away.

use std::time::Duration;

use trunkline_backoff::Backoff;

use super::RegistryError;

/// Attempts in all; with the waits between them about 6 s, so that a registry's restart is survived.
const ATTEMPTS: u32 = 6;
/// Waits between attempts; with jitter, so that many instances do not come back at once.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(5));

/// Calls until it succeeds, fails for good, or has been tried often enough.
pub(super) async fn retried<T, F>(mut call: impl FnMut() -> F) -> Result<T, RegistryError>
where
    F: Future<Output = Result<T, RegistryError>>,
{
    let mut attempt = 1;
    loop {
        match call().await {
            Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                let wait = BACKOFF.equal_jitter(attempt, rand::random::<f64>());
                tracing::warn!(%error, attempt, wait_ms = wait.as_millis(), "schema registry; trying again");
                tokio::time::sleep(wait).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}
