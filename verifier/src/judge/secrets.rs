//! I8: no secret, token or signature key is in any log, error or topic.

use crate::evidence::Leak;
use crate::report::Verdict;

/// Looks for many strings at once in one pass over the bytes.
#[derive(Debug, Clone)]
pub struct Needles {
    needles: Vec<(String, Vec<u8>)>,
    /// Which pairs of bytes some needle begins with.
    beginnings: Vec<bool>,
}

/// Secrets shorter than this are not looked for: they would be found everywhere.
pub const SECRET_BYTES_MIN: usize = 8;

/// Judges I8 from what a search of logs and topics found.
pub fn judge(leaks: &[Leak], places_searched: u64) -> Verdict {
    let mut verdict = Verdict::new("I8");
    verdict.count("places_searched_for_secrets", places_searched);
    for leak in leaks {
        verdict.object(|| format!("secret '{}' is in {}", leak.secret, leak.place));
    }
    verdict
}

// === impl Needles ===

impl Needles {
    /// Takes `(name, value)` pairs; each value is looked for as it is, percent-encoded, and in JSON's escapes.
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut needles: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in secrets {
            let value = value.trim();
            if value.len() < SECRET_BYTES_MIN {
                continue;
            }
            let escaped = serde_json::Value::from(value).to_string();
            let mut forms =
                vec![value.to_owned(), percent_encoded(value), escaped.trim_matches('"').to_owned()];
            forms.dedup();
            needles.extend(forms.into_iter().map(|form| (name.to_owned(), form.into_bytes())));
        }
        let mut beginnings = vec![false; 1 << 16];
        for (_, needle) in &needles {
            beginnings[pair(needle)] = true;
        }
        Self { needles, beginnings }
    }

    /// True when there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// Name of the first secret that the bytes contain.
    pub fn find(&self, haystack: &[u8]) -> Option<&str> {
        (0..haystack.len().saturating_sub(1))
            .filter(|&at| self.beginnings[pair(&haystack[at..])])
            .find_map(|at| self.needles.iter().find(|(_, needle)| haystack[at..].starts_with(needle)))
            .map(|(name, _)| name.as_str())
    }
}

fn pair(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
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
    use super::*;

    #[track_caller]
    fn check(haystack: &str, found: Option<&str>) {
        let needles = Needles::new([("token", "s3cret/value+1"), ("key", "another\"one"), ("short", "abc")]);
        assert_eq!(needles.find(haystack.as_bytes()), found, "in {haystack}");
    }

    #[test]
    fn finds_secrets_in_every_form() {
        check("Authorization: Bearer s3cret/value+1", Some("token"));
        check("s3cret/value+1", Some("token"));
        check("q=s3cret%2Fvalue%2B1&", Some("token"));
        check(r#"{"key":"another\"one"}"#, Some("key"));
    }

    #[test]
    fn finds_nothing_where_nothing_is() {
        check("", None);
        check("s", None);
        check("s3cret/value", None);
        check("abc", None);
    }

    #[test]
    fn a_leak_is_a_violation_that_names_the_secret_but_does_not_repeat_it() {
        let leak = Leak { secret: "token".into(), place: "sink.log line 3".into() };
        let verdict = judge(&[leak], 10);
        assert_eq!(verdict.violations, 1);
        assert_eq!(verdict.examples, ["secret 'token' is in sink.log line 3"]);
        assert_eq!(judge(&[], 10).violations, 0);
    }
}
