//! The arguments of `trunkline verify`, from text to [`Inputs`].

use std::path::PathBuf;

use crate::Inputs;
use crate::inputs::SecretToFind;
use crate::judge::quota::Quota;

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

/// One line per finding, for people.
pub fn lines(report: &crate::Report) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for id in &report.judged {
        lines.push(match report.violation_counts.get(id) {
            Some(times) => format!("  {id:<8} VIOLATED {times} times"),
            None => format!("  {id:<8} holds"),
        });
    }
    lines.extend(
        report.not_judged.iter().map(|skipped| format!("  {:<8} not judged: {}", skipped.id, skipped.why)),
    );
    lines.extend(
        report.violations.iter().map(|violation| format!("  {}: {}", violation.invariant, violation.message)),
    );
    lines
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

    #[test]
    fn reads_quotas() {
        assert_eq!(quota("sap=5/1").unwrap(), Quota { system: "sap".into(), calls: 5, window_ms: 1000.0 });
        assert_eq!(quota("genesys=300/60").unwrap().window_ms, 60_000.0);
        for wrong in ["sap", "sap=5", "sap=x/1", "sap=5/y"] {
            assert!(quota(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn says_what_holds_and_what_does_not() {
        let mut report = crate::Report::default();
        let mut verdict = crate::report::Verdict::new("I2");
        verdict.object(|| "event a is there twice".into());
        report.add(verdict);
        report.add(crate::report::Verdict::new("I3"));
        report.skip("I4", "no state folder was given");
        assert_eq!(
            lines(&report),
            [
                "  I2       VIOLATED 1 times",
                "  I3       holds",
                "  I4       not judged: no state folder was given",
                "  I2: event a is there twice"
            ]
        );
    }
}
