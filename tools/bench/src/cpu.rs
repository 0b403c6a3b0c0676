//! Processor time of the measuring thread: what a busy machine does beside it does not count.

use std::time::Duration;

use anyhow::Context;

/// Time this thread has spent on a processor (first figure of `/proc/thread-self/schedstat`, nanoseconds).
///
/// # Errors
/// When the kernel does not keep that figure.
pub fn thread_time() -> anyhow::Result<Duration> {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").context("the kernel keeps no thread times")?;
    let nanoseconds = text.split_whitespace().next().and_then(|figure| figure.parse().ok());
    Ok(Duration::from_nanos(nanoseconds.context("/proc/thread-self/schedstat has another form")?))
}

/// Runs `work` and says what processor time it took.
///
/// # Errors
/// As [`thread_time`], and whatever `work` fails with.
pub fn timed(work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<Duration> {
    let before = thread_time()?;
    work()?;
    Ok(thread_time()?.saturating_sub(before))
}
