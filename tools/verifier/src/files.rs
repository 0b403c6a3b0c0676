//! Ledgers and audit logs as JSON lines, and the search of log files.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::evidence::Leak;
use crate::needles::Needles;

/// A file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file itself.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// A line of it.
    #[error("{path}:{line}: {source}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What serde says.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads one value per line; empty lines are skipped.
///
/// # Errors
/// When the file cannot be read or a line is no such value.
pub fn json_lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut values = Vec::new();
    for (index, line) in BufReader::new(File::open(path).map_err(io)?).lines().enumerate() {
        let line = line.map_err(io)?;
        if !line.trim().is_empty() {
            let value = serde_json::from_str(&line);
            values.push(value.map_err(|source| Error::Line {
                path: path.to_owned(),
                line: index + 1,
                source,
            })?);
        }
    }
    Ok(values)
}

/// Looks for secrets in the lines of a file; at most one leak is told per line.
///
/// # Errors
/// When the file cannot be read.
pub fn search(path: &Path, needles: &Needles, leaks: &mut Vec<Leak>) -> Result<u64, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut reader = BufReader::new(File::open(path).map_err(io)?);
    let mut line = Vec::new();
    let mut number = 0;
    while reader.read_until(b'\n', &mut line).map_err(io)? > 0 {
        number += 1;
        if let Some(secret) = needles.find(&line) {
            leaks.push(Leak { secret: secret.to_owned(), place: format!("{}:{number}", path.display()) });
        }
        line.clear();
    }
    Ok(number)
}

/// Looks for secrets in every file below a folder, but for tables of RocksDB, whose values are looked at one by one.
///
/// # Errors
/// When a folder or a file cannot be read.
pub fn search_folder(folder: &Path, needles: &Needles, leaks: &mut Vec<Leak>) -> Result<u64, Error> {
    let io = |source| Error::Io { path: folder.to_owned(), source };
    let mut searched = 0;
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_dir() {
            searched += search_folder(&path, needles, leaks)?;
        } else if path.is_file() && path.extension().is_none_or(|extension| extension != "sst") {
            searched += search(&path, needles, leaks)?;
        }
    }
    Ok(searched)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Call, LedgerLine};

    #[test]
    fn reads_ledgers_and_audit_logs_and_finds_leaks() {
        let path = std::env::temp_dir().join(format!("trunkline-verifier-files-{}", std::process::id()));
        let ledger = r#"{"source":"genesys","bodySha256":"ab","status":202,"eventIds":["e"],"postedAt":1.5,"kind":"Clean"}"#;
        std::fs::write(&path, format!("{ledger}\n\n{ledger}\n")).unwrap();
        let lines: Vec<LedgerLine> = json_lines(&path).unwrap();
        assert_eq!((lines.len(), lines[0].accepted()), (2, true));

        let call = r#"{"system":"sap","method":"GET","path":"/x","startedAt":1.25,"finishedAt":2,"status":200,"effect":false}"#;
        std::fs::write(&path, call).unwrap();
        let calls: Vec<Call> = json_lines(&path).unwrap();
        assert_eq!((calls[0].started_at, calls[0].finished_at), (1.25, Some(2.0)));

        std::fs::write(&path, b"fine\n\xFF token=topsecret1 \xFF\n").unwrap();
        let mut leaks = Vec::new();
        search(&path, &Needles::new([("token", "topsecret1")]), &mut leaks).unwrap();
        assert_eq!((leaks.len(), leaks[0].place.ends_with(":2")), (1, true));

        std::fs::write(&path, "{").unwrap();
        assert!(json_lines::<Call>(&path).is_err());
        std::fs::remove_file(path).unwrap();
    }
}
