//! What probes came to.

use std::time::{Duration, Instant};

use serde::Serialize;

/// All probes so far.
pub(super) struct Report {
    probes: Vec<Probe>,
    /// Whether each is printed as it ends: the slow ones are the interesting ones.
    print: bool,
}

/// One thing that was tried.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Probe {
    /// What was tried, for instance `broker 127.0.0.1:9092`.
    name: String,
    ok: bool,
    /// What was found, and what to do about it.
    detail: String,
    /// Milliseconds it took.
    took_ms: u64,
}

// === impl Report ===

impl Report {
    pub(super) fn new(print: bool) -> Self {
        Self { probes: Vec::new(), print }
    }

    /// Notes a probe that began at `began`: what it found, or why it failed.
    pub(super) fn add(&mut self, name: impl Into<String>, began: Instant, found: Result<String, String>) {
        let took = began.elapsed();
        let (ok, detail) = match found {
            Ok(detail) => (true, detail),
            Err(detail) => (false, detail),
        };
        let probe = Probe { name: name.into(), ok, detail, took_ms: millis(took) };
        if self.print {
            let verdict = if ok { "ok    " } else { "FAILED" };
            println!("{verdict}  {:<32}  {:>5} ms  {}", probe.name, probe.took_ms, probe.detail);
        }
        self.probes.push(probe);
    }

    pub(super) fn probes(&self) -> &[Probe] {
        &self.probes
    }

    pub(super) fn failed(&self) -> bool {
        self.probes.iter().any(|probe| !probe.ok)
    }

    /// One sentence over all.
    pub(super) fn verdict(&self) -> String {
        let failed = self.probes.iter().filter(|probe| !probe.ok).count();
        match failed {
            0 => format!("all {} probes succeeded", self.probes.len()),
            _ => format!("{failed} of {} probes failed", self.probes.len()),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
