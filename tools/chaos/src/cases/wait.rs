//! Waiting for a condition, never for a time.

use std::time::Duration;

use anyhow::bail;
use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Asks again and again until there is an answer.
///
/// # Errors
/// When `ask` fails, or there is none within `patience`; the message says what was waited for.
pub async fn until<T>(
    what: &str,
    patience: Duration,
    mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if started.elapsed() > patience {
            bail!("waited {patience:?} in vain: {what}");
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Asks again and again until the answer is `done`, or has not changed for as long as `quiet`; returns the last answer.
///
/// # Errors
/// When `ask` fails.
pub async fn until_quiet<T: PartialEq>(
    quiet: Duration,
    done: impl Fn(&T) -> bool,
    mut ask: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let mut last = ask().await?;
    let mut since = Instant::now();
    while !done(&last) && since.elapsed() < quiet {
        sleep(LOOK_AGAIN).await;
        let now = ask().await?;
        if now != last {
            since = Instant::now();
            last = now;
        }
    }
    Ok(last)
}
