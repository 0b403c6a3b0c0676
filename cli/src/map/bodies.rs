//! From files to the bodies that requests would have had.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// What one request would have carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    /// Where it is: the file, with the line where a file holds several bodies.
    pub(super) place: String,
    /// The bytes, as they are in the file.
    pub(super) bytes: Vec<u8>,
}

/// What may stand at the beginning of a text file, and belongs to no line of it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads the files, and those in folders by name.
///
/// # Errors
/// When one of them cannot be read.
pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Body>> {
    let mut bodies = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            let mut bytes = Vec::new();
            std::io::stdin().read_to_end(&mut bytes).context("standard input cannot be read")?;
            bodies.extend(split("-", bytes));
            continue;
        }
        let mut files = Vec::new();
        find(path, &mut files)?;
        for file in files {
            let name = file.display().to_string();
            let bytes = std::fs::read(&file).with_context(|| format!("{name} cannot be read"))?;
            bodies.extend(split(&name, bytes));
        }
    }
    Ok(bodies)
}

/// The file itself, or the files of payloads in and below a folder.
fn find(path: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let unlisted = || format!("folder {} cannot be listed", path.display());
    let mut entries = std::fs::read_dir(path)
        .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
        .with_context(unlisted)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (found, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        // A folder is followed only where it is one itself: a link may lead back here.
        if entry.file_type().with_context(unlisted)?.is_dir() {
            find(&found, files)?;
        } else if found.is_file() && (name.ends_with(".json") || is_named_lines(&name)) {
            files.push(found);
        }
    }
    Ok(())
}

fn is_named_lines(name: &str) -> bool {
    name.ends_with(".jsonl") || name.ends_with(".ndjson")
}

/// The bodies in a file's bytes. Only the bytes between lines are cut off: a body has what it was sent with.
fn split(name: &str, bytes: Vec<u8>) -> Vec<Body> {
    if !is_named_lines(name) && !holds_lines(&bytes) {
        return vec![Body { place: name.to_owned(), bytes }];
    }
    lines(&bytes)
        .map(|(number, line)| Body { place: format!("{name}:{number}"), bytes: line.to_owned() })
        .collect()
}

/// Whether bytes are several lines that all begin an object: in an object or array of several lines, not
/// all of them do.
fn holds_lines(bytes: &[u8]) -> bool {
    let mut count = 0;
    lines(bytes).inspect(|_| count += 1).all(|(_, line)| line.trim_ascii_start().starts_with(b"{"))
        && count > 1
}

/// The lines that are not blank, numbered from 1.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    lines.enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(name: &str, bytes: &[u8]) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        split(name, bytes.to_owned()).into_iter().map(|body| (body.place, text(&body.bytes))).collect()
    }

    fn as_it_is(bytes: &[u8]) -> bool {
        split("a.json", bytes.to_owned()) == [Body { place: "a.json".to_owned(), bytes: bytes.to_owned() }]
    }

    #[test]
    fn a_file_is_one_body_to_the_byte_unless_it_is_lines_of_objects() {
        for body in [
            &b"{\"a\": 1}\n"[..],
            b"{\n\"a\": {\n\"b\": 1 }\n}\n",
            b"[\n{\"a\": 1},\n{\"a\": 2}\n]\n",
            b"[\n{\"a\": 1},\n{\"a\": 2}\n",
            b"\xef\xbb\xbf{\"a\": 1}",
            b"{\"a\": \"\xff\"}",
            b"{\n\n",
            b"",
        ] {
            assert!(as_it_is(body), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn lines_are_bodies_and_keep_what_is_wrong_with_them() {
        let expected = |lines: &[(&str, &str)]| -> Vec<(String, String)> {
            lines.iter().map(|(place, text)| ((*place).to_owned(), (*text).to_owned())).collect()
        };
        let text = b"\xef\xbb\xbf{\"a\":1}\r\n\n {\"a\":\"\xff\n{\"b\":2}";
        let found = [("a:1", "{\"a\":1}"), ("a:3", " {\"a\":\"\u{fffd}"), ("a:4", "{\"b\":2}")];
        assert_eq!(places("a", text), expected(&found));
        assert_eq!(
            places("a.jsonl", b"[1]\nhello\n"),
            expected(&[("a.jsonl:1", "[1]"), ("a.jsonl:2", "hello")])
        );
        assert_eq!(places("a.ndjson", b"{}"), expected(&[("a.ndjson:1", "{}")]));
        assert_eq!(places("a.jsonl", b"\n"), []);
    }

    #[test]
    fn a_folder_stands_for_its_payloads_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("b");
        std::fs::create_dir(&inner).unwrap();
        for (name, text) in
            [("c.jsonl", "{\"n\":3}\n{\"n\":4}"), ("a.json", "{\"n\":1}"), ("notes.txt", "{}")]
        {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        std::fs::write(inner.join("d.ndjson"), "{\"n\":2}").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path(), inner.join("loop")).unwrap();
        let bodies = read(&[folder.path().to_owned()]).unwrap();
        let texts: Vec<_> = bodies.iter().map(|body| String::from_utf8_lossy(&body.bytes)).collect();
        assert_eq!(texts, ["{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}"]);
        let error = read(&[folder.path().join("nothing.json")]).unwrap_err();
        assert!(error.to_string().ends_with("nothing.json cannot be read"), "{error}");
    }
}
