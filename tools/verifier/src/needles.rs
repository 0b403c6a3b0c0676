//! Secrets, searched for in one pass over bytes, in every form in which they are likely to have leaked.

use std::collections::BTreeSet;
use std::io::Read as _;

use aho_corasick::{AhoCorasick, PatternID};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::read::MultiGzDecoder;

/// What to look for.
#[derive(Debug, Clone)]
pub struct Needles {
    automaton: Option<AhoCorasick>,
    /// The secret's name, by number of the pattern.
    names: Vec<String>,
    /// Bytes of the longest pattern.
    longest: usize,
}

/// Secrets shorter than this are not looked for: they would be found everywhere.
pub const SECRET_BYTES_MIN: usize = 8;

/// How gzip begins (RFC 1952, 2.3.1): two fixed bytes and the one compression method there is.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// What is searched of something compressed; bytes. Beyond it lies no credential but a bomb.
const INFLATED_MAX: u64 = 16 << 20;

// === impl Needles ===

impl Needles {
    /// Takes `(name, value)` pairs. Each value is looked for as it is, percent-encoded, in JSON's escapes, in
    /// hexadecimal, and in base64 of both alphabets wherever it stands in what was encoded: `Basic` headers
    /// are `user:password` in base64.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let (mut names, mut patterns) = (Vec::new(), Vec::new());
        for (name, value) in secrets {
            let value = value.trim();
            if value.len() < SECRET_BYTES_MIN {
                continue;
            }
            for form in forms(value) {
                names.push(name.to_owned());
                patterns.push(form);
            }
        }
        let longest = patterns.iter().map(Vec::len).max().unwrap_or_default();
        // Patterns of these lengths and numbers always fit an automaton; without one nothing could be searched at all.
        let automaton = if patterns.is_empty() { None } else { AhoCorasick::new(&patterns).ok() };
        Self { automaton, names, longest }
    }

    /// True when there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.automaton.is_none()
    }

    /// Bytes of the longest form of a secret.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Where which secrets begin in the bytes, in that order: plainly, or where something compressed begins that has
    /// one. Of secrets that overlap one is told.
    pub fn find_all(&self, haystack: &[u8]) -> Vec<(usize, &str)> {
        let plain = self.automaton.iter().flat_map(|automaton| automaton.find_iter(haystack));
        let plain = plain.filter_map(|found| Some((found.start(), self.name(found.pattern())?)));
        let compressed =
            gzips(haystack).filter_map(|at| Some((at, self.find_plain(&inflated(&haystack[at..]))?)));
        let mut all: Vec<_> = plain.chain(compressed).collect();
        all.sort_unstable_by_key(|(at, _)| *at);
        all
    }

    /// Name of the first secret that the bytes contain, plainly or within what is compressed in them by gzip.
    pub fn find(&self, haystack: &[u8]) -> Option<&str> {
        let in_compressed = |at: usize| self.find_plain(&inflated(&haystack[at..]));
        self.find_plain(haystack).or_else(|| gzips(haystack).find_map(in_compressed))
    }

    fn find_plain(&self, haystack: &[u8]) -> Option<&str> {
        self.name(self.automaton.as_ref()?.find(haystack)?.pattern())
    }

    fn name(&self, pattern: PatternID) -> Option<&str> {
        self.names.get(pattern.as_usize()).map(String::as_str)
    }
}

/// Where something compressed by gzip may begin.
fn gzips(haystack: &[u8]) -> impl Iterator<Item = usize> {
    let starts = haystack.windows(GZIP.len()).enumerate().filter(|(_, window)| *window == GZIP);
    starts.map(|(at, _)| at)
}

/// As much as can be inflated: a cut or damaged end does not hide what is before it.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    let _ = MultiGzDecoder::new(bytes).take(INFLATED_MAX).read_to_end(&mut text);
    text
}

fn forms(value: &str) -> BTreeSet<Vec<u8>> {
    let escaped = serde_json::Value::from(value).to_string();
    let mut forms = BTreeSet::from([
        value.as_bytes().to_vec(),
        percent_encoded(value).into_bytes(),
        escaped.trim_matches('"').as_bytes().to_vec(),
        hex::encode(value).into_bytes(),
        hex::encode_upper(value).into_bytes(),
    ]);
    for before in 0..3 {
        forms.insert(within_base64(value, before, |bytes| STANDARD_NO_PAD.encode(bytes)));
        forms.insert(within_base64(value, before, |bytes| URL_SAFE_NO_PAD.encode(bytes)));
    }
    forms
}

/// The characters of a base64 text that stem from `value` alone, when so many bytes of its last group of
/// three stand before it: four characters hold three bytes, and the first and the last may hold bits of a
/// neighbour.
fn within_base64(value: &str, before: usize, encode: impl Fn(&[u8]) -> String) -> Vec<u8> {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(value.as_bytes());
    let text = encode(&bytes).into_bytes();
    let (first, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
    text[first..end].to_vec()
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const TOKEN: &str = "s3cret/value+1";

    #[track_caller]
    fn check(haystack: impl AsRef<[u8]>, found: Option<&str>) {
        let needles = Needles::new([("token", TOKEN), ("key", "another\"one"), ("short", "abc")]);
        assert_eq!(needles.find(haystack.as_ref()), found);
    }

    #[test]
    fn finds_secrets_in_every_form() {
        check(format!("Authorization: Bearer {TOKEN}"), Some("token"));
        check(TOKEN, Some("token"));
        check("q=s3cret%2Fvalue%2B1&", Some("token"));
        check(r#"{"key":"another\"one"}"#, Some("key"));
        check(hex::encode(format!("x{TOKEN}")), Some("token"));
    }

    #[test]
    fn finds_secrets_in_base64_wherever_they_stand() {
        for user in ["", "u", "us", "use", "user", "somebody@example.org"] {
            check(format!("Basic {}", STANDARD.encode(format!("{user}:{TOKEN}"))), Some("token"));
            check(URL_SAFE_NO_PAD.encode(format!("{user}{TOKEN}and more")), Some("token"));
        }
        check(STANDARD.encode("somebody:another secret"), None);
    }

    #[test]
    fn finds_secrets_in_what_is_compressed() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(format!("a payload with {TOKEN} in it").as_bytes()).unwrap();
        let compressed = encoder.finish().unwrap();
        check(&compressed, Some("token"));
        check([b"an Avro value: ", compressed.as_slice(), b" and more"].concat(), Some("token"));
        check(&compressed[..compressed.len() - 4], Some("token"));
        check([0x1f, 0x8b, 0x08, 1, 2, 3], None);
    }

    #[test]
    fn finds_nothing_where_nothing_is() {
        for nothing in ["", "s", "s3cret/value", "abc"] {
            check(nothing, None);
        }
        assert!(Needles::new([("short", "abc")]).is_empty());
    }
}
