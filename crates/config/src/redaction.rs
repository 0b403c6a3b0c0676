//! `redact` of `[sources.NAME]`: what of a source's payloads is published by no topic.

use std::str::FromStr;

use crate::SecretHandle;
use crate::reference::secret;
use crate::section::{Problem, Read, Section, Value};
use crate::values::{boolean, one_of, string};

/// Most rules of one source: each is held against every value of a payload.
const RULES_MAX: usize = 100;

/// What of a source's payloads is left out of events.
#[derive(Debug, Clone)]
pub struct Redaction {
    /// Whether credentials and signed addresses that platforms are known to send are masked (default true).
    pub defaults: bool,
    /// The source's own rules, in order; the first one that matches a value applies.
    pub rules: Vec<RedactionRule>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct RedactionRule {
    /// The values concerned.
    pub pattern: PointerPattern,
    /// What becomes of them.
    pub action: RedactionAction,
}

/// What becomes of a value.
#[derive(Debug, Clone)]
pub enum RedactionAction {
    /// It is left out, with its name.
    Drop,
    /// A fixed text takes its place.
    Mask,
    /// Its HMAC-SHA256 takes its place, the same for equal values.
    Hash {
        /// The key, without which nobody can try values.
        key: SecretHandle,
    },
}

/// A JSON Pointer with wildcards: `*` stands for any member or element, `**` for any number of them, none
/// included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointerPattern {
    /// Its parts, from the root; never empty.
    pub parts: Vec<PatternPart>,
}

/// One part of a [`PointerPattern`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternPart {
    /// The member of this name, or the element at this position.
    Name(String),
    /// Any member or element.
    Any,
    /// Any number of members and elements below each other.
    AnyDepth,
}

// === impl Redaction ===

impl Default for Redaction {
    fn default() -> Self {
        Self { defaults: true, rules: Vec::new() }
    }
}

impl Redaction {
    /// Reads the fields of a source that say what is redacted.
    pub(crate) fn read(source: &Section<'_>) -> Self {
        let defaults = source.or("redact_defaults", boolean, true);
        let key = source.optional("redact_key", secret);
        let mut hashes = false;
        let rules = source.tables("redact", "redaction", |section| {
            let pattern = section.required("pointer", pattern);
            let action = section.required("action", one_of(Action::WORDS));
            let action = match action? {
                Action::Drop => RedactionAction::Drop,
                Action::Mask => RedactionAction::Mask,
                Action::Hash => {
                    hashes = true;
                    if !source.has("redact_key") {
                        section.refuse("action", "action 'hash' needs a 'redact_key' of its source");
                    }
                    RedactionAction::Hash { key: key.clone()? }
                }
            };
            Some(RedactionRule { pattern: pattern?, action })
        });
        if source.has("redact_key") && !hashes {
            source.refuse("redact_key", "field 'redact_key' is used by no redaction with action 'hash'");
        }
        if rules.len() > RULES_MAX {
            source.refuse("redact", &format!("at most {RULES_MAX} redactions, these are {}", rules.len()));
        }
        Self { defaults, rules }
    }
}

/// The words of `action`.
#[derive(Clone, Copy)]
enum Action {
    Drop,
    Mask,
    Hash,
}

impl Action {
    const WORDS: [(&'static str, Self); 3] =
        [("drop", Self::Drop), ("mask", Self::Mask), ("hash", Self::Hash)];
}

fn pattern(value: &Value<'_>) -> Read<PointerPattern> {
    string(value)?.parse().map_err(|wrong: String| Problem::new(wrong))
}

// === impl PointerPattern ===

impl FromStr for PointerPattern {
    type Err = String;

    /// Reads a pattern as it is written in the configuration; what is wrong with it is the end of a sentence
    /// about the field.
    fn from_str(written: &str) -> Result<Self, String> {
        let Some(parts) = written.strip_prefix('/') else {
            return Err(format!("is '{written}', must be a JSON Pointer such as '/data/accessToken'"));
        };
        let parts = parts.split('/').map(|part| match part {
            "*" => Ok(PatternPart::Any),
            "**" => Ok(PatternPart::AnyDepth),
            name => unescaped(name)
                .map(PatternPart::Name)
                .ok_or_else(|| format!("holds '{name}', in which '~' must be written '~0', and '/' '~1'")),
        });
        let parts: Vec<_> = parts.collect::<Result<_, _>>()?;
        match parts.last() {
            Some(PatternPart::AnyDepth) => {
                Err("ends with '**', which would be the whole payload; name what is below it".into())
            }
            _ => Ok(Self { parts }),
        }
    }
}

/// A part of a JSON Pointer without its escapes; `None` when `~` is followed by anything but `0` or `1`.
fn unescaped(part: &str) -> Option<String> {
    let mut pieces = part.split('~');
    let mut name = pieces.next()?.to_owned();
    for piece in pieces {
        name.push(match piece.as_bytes().first()? {
            b'0' => '~',
            b'1' => '/',
            _ => return None,
        });
        name.push_str(&piece[1..]);
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_json_pointers_with_wildcards() {
        let name = |name: &str| PatternPart::Name(name.to_owned());
        for (written, expected) in [
            ("/data/token", Some(vec![name("data"), name("token")])),
            ("/a~1b/m~0n/~01", Some(vec![name("a/b"), name("m~n"), name("~1")])),
            ("/*/0/**/x", Some(vec![PatternPart::Any, name("0"), PatternPart::AnyDepth, name("x")])),
            ("/", Some(vec![name("")])),
            ("", None),
            ("data", None),
            ("$.data", None),
            ("/a~2", None),
            ("/a~", None),
            ("/a/**", None),
        ] {
            let read = written.parse::<PointerPattern>().ok().map(|pattern| pattern.parts);
            assert_eq!(read, expected, "{written}");
        }
    }
}
