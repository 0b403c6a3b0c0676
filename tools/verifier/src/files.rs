//! Ledgers and audit logs as JSON lines, and the search of log files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
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

/// So much of a file is searched at once; bytes.
const BLOCK: usize = 8 << 20;

/// So much of a block is searched again with the next one; bytes. What is compressed is only found whole where it fits:
/// a batch of spans is far smaller.
const OVERLAP: usize = 1 << 20;

/// Looks for secrets in a file, across its lines: a key may have several of its own, and what is no text has none. At
/// most one leak is told per line, that of the secret that begins there. Returns the number of lines.
///
/// # Errors
/// When the file cannot be read.
pub fn search(path: &Path, needles: &Needles, leaks: &mut Vec<Leak>) -> Result<u64, Error> {
    let io = |source| Error::Io { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(io)?;
    let (lines, found) = search_blocks(&mut file, BLOCK, OVERLAP, needles).map_err(io)?;
    let leak = |(line, secret)| Leak { secret, place: format!("{}:{line}", path.display()) };
    leaks.extend(found.into_iter().map(leak));
    Ok(lines)
}

/// How many lines there are, and which secrets begin where, by the line's number from 1. Each block has the end of the
/// one before it: as much as `overlap` or the longest secret.
fn search_blocks(
    reader: &mut impl Read,
    block: usize,
    overlap: usize,
    needles: &Needles,
) -> std::io::Result<(u64, BTreeMap<u64, String>)> {
    let overlap = overlap.max(needles.longest());
    let (mut bytes, mut found) = (Vec::new(), BTreeMap::new());
    // Of what is not in `bytes` any more.
    let mut lines = 0;
    while reader.by_ref().take(block as u64).read_to_end(&mut bytes)? > 0 {
        let (mut line, mut counted) = (lines + 1, 0);
        for (at, secret) in needles.find_all(&bytes) {
            line += newlines(&bytes[counted..at]);
            counted = at;
            found.entry(line).or_insert_with(|| secret.to_owned());
        }
        let done = bytes.len().saturating_sub(overlap);
        lines += newlines(&bytes[..done]);
        bytes.drain(..done);
    }
    let is_cut = bytes.last().is_some_and(|last| *last != b'\n');
    Ok((lines + newlines(&bytes) + u64::from(is_cut), found))
}

fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
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
    use std::io::Write as _;

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

    #[test]
    fn a_secret_of_several_lines_is_found_wherever_blocks_end() {
        const KEY: &str = "-----BEGIN KEY-----\nabcdefghijkl\nmnopqrstuvwx\n-----END KEY-----\n";
        let needles = Needles::new([("key", KEY), ("token", "topsecret1")]);
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(KEY.as_bytes()).unwrap();
        let compressed = encoder.finish().unwrap();
        for before in 0..40 {
            for secret in [KEY.as_bytes(), compressed.as_slice()] {
                let (first, last) = (b"\x0a\x12\n".as_slice(), b"\xff topsecret1");
                let file = [first, "x".repeat(before).as_bytes(), secret, b"\n", last].concat();
                let (lines, found) = search_blocks(&mut file.as_slice(), 20, 200, &needles).unwrap();
                assert_eq!(lines, newlines(&file) + 1);
                let last = (lines, "token".to_owned());
                assert_eq!(found.into_iter().collect::<Vec<_>>(), [(3, "key".to_owned()), last], "{before}");
            }
        }
        // Nothing is left out where a block ends with the file, nor found where nothing is.
        let (lines, found) = search_blocks(&mut b"one\ntwo\n".as_slice(), 4, 0, &needles).unwrap();
        assert_eq!((lines, found.len()), (2, 0));
        assert_eq!(search_blocks(&mut b"".as_slice(), 4, 0, &needles).unwrap(), (0, BTreeMap::new()));
        assert_eq!(
            search_blocks(&mut KEY.as_bytes(), 1, 0, &needles).unwrap().1,
            [(1, "key".to_owned())].into()
        );
    }
}
