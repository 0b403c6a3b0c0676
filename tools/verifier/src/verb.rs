//! The arguments of `trunkline verify`, from text to [`Inputs`].

use std::path::PathBuf;

use crate::Inputs;
use crate::inputs::SecretToFind;
use crate::judge::quota::Quota;
use crate::report::{Judged, KnownSeen, NotJudged, Violation, counted};

/// An argument that cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A quota.
    #[error("quota '{0}' is not of the form SYSTEM=CALLS/SECONDS, for instance salesforce=5/1")]
    Quota(String),
    /// A secret's file.
    #[error("secret file {path}: {source}")]
    Secret {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
}

/// Reads a quota written `SYSTEM=CALLS/SECONDS`.
///
/// # Errors
/// [`Error::Quota`] when it is written otherwise.
pub fn quota(text: &str) -> Result<Quota, Error> {
    let parse = || {
        let (system, rate) = text.split_once('=')?;
        let (calls, seconds) = rate.split_once('/')?;
        let seconds: f64 = seconds.parse().ok()?;
        Some(Quota { system: system.to_owned(), calls: calls.parse().ok()?, window_ms: seconds * 1000.0 })
    };
    parse().ok_or_else(|| Error::Quota(text.to_owned()))
}

/// Reads the secrets kept in files; each is named by its file.
///
/// # Errors
/// [`Error::Secret`] when a file cannot be read.
pub fn secrets(files: &[PathBuf]) -> Result<Vec<SecretToFind>, Error> {
    let read = |path: &PathBuf| {
        let value =
            std::fs::read_to_string(path).map_err(|source| Error::Secret { path: path.clone(), source })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(SecretToFind { name, value: value.trim().to_owned() })
    };
    files.iter().map(read).collect()
}

/// What is shown of an example of a known failure: the report has all of it.
const EXAMPLE_CHARACTERS: usize = 120;

/// A moment, written as a duration before `now` (`24h`) or as a time (RFC 3339); UTC milliseconds.
pub fn moment(text: &str, now: i64) -> Option<i64> {
    let ago = crate::configuration::milliseconds(text).map(|ago| now - ago);
    ago.or_else(|| chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis()))
}

/// One line per finding, for people: what was judged with what was compared, what was not, what was found.
pub fn lines(report: &crate::Report) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for Judged { id, violations, compared, .. } in &report.verdicts {
        let verdict = match violations {
            0 => "holds".to_owned(),
            1 => "VIOLATED once".to_owned(),
            more => format!("VIOLATED {more} times"),
        };
        lines.push(format!("  {id:<18} {verdict}: {compared}"));
    }
    for NotJudged { id, why, allowed } in &report.not_judged {
        let allowed = if *allowed { " (allowed)" } else { "" };
        lines.push(format!("  {id:<18} not judged{allowed}: {why}"));
    }
    for KnownSeen { id, invariant, times, example } in &report.known_failures {
        let times = counted(*times, "time");
        let example: String = example.chars().take(EXAMPLE_CHARACTERS).collect();
        lines.push(format!(
            "  {invariant:<18} known failure '{id}' (docs/failures.md) seen {times}, for instance: {example}…"
        ));
    }
    lines.extend(
        report
            .violations
            .iter()
            .map(|Violation { invariant, kind, message }| format!("  {invariant} ({kind}): {message}")),
    );
    lines
}

/// How a report ends, in a line.
pub fn closing(report: &crate::Report) -> String {
    let breaches: u64 = report.violation_counts.values().sum();
    let known: u64 = report.known_failures.iter().map(|known| known.times).sum();
    let open = report.not_judged.iter().filter(|skipped| !skipped.allowed).count();
    let mut closing = match breaches {
        0 => "Zero violations".to_owned(),
        _ => counted(breaches, "violation"),
    };
    if known > 0 {
        closing.push_str(&format!("; known failures were seen {}", counted(known, "time")));
    }
    if open > 0 {
        closing.push_str(&format!("; {open} not judged, though nobody allowed that (--allow-unjudged NAME)"));
    }
    closing + "."
}

impl Inputs {
    /// Whether enough is given to examine anything at all.
    pub fn is_complete(&self) -> bool {
        !self.cluster.brokers.is_empty() && !self.registry.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn reads_quotas() {
        assert_eq!(quota("sap=5/1").unwrap(), Quota { system: "sap".into(), calls: 5, window_ms: 1000.0 });
        assert_eq!(quota("genesys=300/60").unwrap().window_ms, 60_000.0);
        for wrong in ["sap", "sap=5", "sap=x/1", "sap=5/y"] {
            assert!(quota(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn reads_moments() {
        assert_eq!(moment("2s", 10_000), Some(8_000));
        assert_eq!(moment("1970-01-01T00:00:01Z", 0), Some(1_000));
        assert_eq!(moment("yesterday", 0), None);
    }

    #[test]
    fn says_what_holds_and_what_does_not() {
        let mut report = crate::Report::default();
        let mut verdict = Verdict::new("I2");
        verdict.object("twice", || "event a is there twice".into());
        report.add(verdict.having_compared("2 events".into()), &[]);
        report.add(Verdict::new("I3").having_compared("2 events in 1 conversation".into()), &[]);
        report.skip("I4", "no state folder was given");
        assert_eq!(
            lines(&report),
            [
                "  I2                 VIOLATED once: 2 events",
                "  I3                 holds: 2 events in 1 conversation",
                "  I4                 not judged: no state folder was given",
                "  I2 (twice): event a is there twice"
            ]
        );
        assert_eq!(
            closing(&report),
            "1 violation; 1 not judged, though nobody allowed that (--allow-unjudged NAME)."
        );
    }
}
