//! The audit of a range of time: its arguments, and its progress on the terminal.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use trunkline_verifier::audit::{self, Progress, Range, Settings};
use trunkline_verifier::{Inputs, Report, verb};

/// Which range, and with how much memory.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct RangeArgs {
    /// Audit what was taken in from then on: a duration before now (24h), or a time (2026-11-26T08:00:00Z)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// … until then; at the latest, and by default, as long ago as --settled says
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// What was taken in this lately may still be on its way through the pipeline, and is not judged
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = settled)]
    settled: Duration,
    /// Memory for records in MiB; with less, the range is read more often
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u64).range(1..))]
    memory: u64,
}

/// The range without a `--since`: a day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SHOWN_EVERY: Duration = Duration::from_millis(500);
const BAR: usize = 40;

fn settled(text: &str) -> Result<Duration, String> {
    let ago = verb::moment(text, 0).filter(|before| *before <= 0).map(|before| before.unsigned_abs());
    ago.map(Duration::from_millis).ok_or_else(|| format!("'{text}' is no duration, such as 60s"))
}

// === impl RangeArgs ===

impl RangeArgs {
    /// Whether a range was asked for at all.
    pub fn is_given(&self) -> bool {
        self.since.is_some() || self.until.is_some()
    }

    fn range(&self, now: i64) -> anyhow::Result<Range> {
        let at = |written: &String| {
            verb::moment(written, now).with_context(|| {
                format!(
                    "'{written}' is neither a duration such as 24h nor a time such as 2026-11-26T08:00:00Z"
                )
            })
        };
        let settled = now - self.settled.as_millis() as i64;
        let until = self.until.as_ref().map_or(Ok(settled), at)?.min(settled);
        let since = self.since.as_ref().map_or(Ok(until - DAY.as_millis() as i64), at)?;
        if since >= until {
            bail!(
                "the range is empty: it begins at {since} and ends at {until} (UTC milliseconds); events of the last minute are not judged"
            );
        }
        Ok(Range { since, until })
    }
}

/// Audits, and shows how far it has come.
///
/// # Errors
/// When the range makes no sense, or the evidence cannot be read.
pub async fn audit(inputs: &Inputs, arguments: &RangeArgs, quiet: bool) -> anyhow::Result<Report> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
    let range = arguments.range(now)?;
    let progress = Arc::new(Progress::default());
    let settings = Settings { memory_bytes: arguments.memory << 20, now, progress: progress.clone() };
    let auditing = audit::audit(inputs, range, &settings);
    tokio::pin!(auditing);
    loop {
        tokio::select! {
            report = &mut auditing => {
                show(&progress, quiet, true);
                return report.context("the evidence cannot be read");
            }
            () = tokio::time::sleep(SHOWN_EVERY) => show(&progress, quiet, false),
        }
    }
}

/// A bar where there is a terminal; nothing in a log file.
fn show(progress: &Progress, quiet: bool, ended: bool) {
    let all = progress.all.load(Ordering::Relaxed);
    if quiet || all == 0 || !std::io::stderr().is_terminal() {
        return;
    }
    let read = progress.read.load(Ordering::Relaxed).min(all);
    let filled = (read as f64 / all as f64 * BAR as f64) as usize;
    let end = if ended { "\n" } else { "" };
    eprint!("\r[{:<BAR$}] {read} of {all} records{end}", "#".repeat(filled));
}
