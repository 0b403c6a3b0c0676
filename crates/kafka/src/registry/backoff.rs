//! Asking again while the registry is away.

use std::time::Duration;

use super::RegistryError;

/// Attempts in all; with the waits between them about 6 s, so that a registry's restart is survived.
const ATTEMPTS: u32 = 6;
/// The most that is waited before the second attempt; doubles for each after it.
const BASE: Duration = Duration::from_millis(200);
/// The most that is waited at all.
const CAP: Duration = Duration::from_secs(5);

/// Calls until it succeeds, fails for good, or has been tried often enough.
pub(super) async fn retried<T, F>(mut call: impl FnMut() -> F) -> Result<T, RegistryError>
where
    F: Future<Output = Result<T, RegistryError>>,
{
    let mut attempt = 1;
    loop {
        match call().await {
            Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                let wait = wait_after(attempt, rand::random::<f64>());
                tracing::warn!(%error, attempt, wait_ms = wait.as_millis(), "schema registry; trying again");
                tokio::time::sleep(wait).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// How long to wait after an attempt, by a random number in 0..1: between half and all of a doubling span, so that many
/// instances do not come back at once.
fn wait_after(attempt: u32, random: f64) -> Duration {
    let span = BASE.saturating_mul(1 << (attempt - 1).min(16)).min(CAP);
    span.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap() {
        for (attempt, random, millis) in
            [(1, 1.0, 200), (1, 0.0, 100), (2, 1.0, 400), (5, 1.0, 3200), (6, 1.0, 5000), (40, 0.5, 3750)]
        {
            assert_eq!(wait_after(attempt, random).as_millis(), millis, "attempt {attempt}");
        }
    }
}
