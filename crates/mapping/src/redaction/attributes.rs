//! Taking out of attributes, and of other texts of the payload, what was redacted in the payload.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use aho_corasick::{AhoCorasick, MatchKind};
use foldhash::fast::RandomState;

use super::MASK;
use crate::limits;

/// Attributes of an event: the platform's and the tenant's.
pub type Attributes = [BTreeMap<String, String>; 2];

/// What stands for a redacted text; nothing where it was dropped.
pub type Replacement = Option<Cow<'static, str>>;

/// Texts of fewer bytes stand in others by chance.
const PART_BYTES: usize = 8;

/// Most bytes of texts that are looked for within attributes: a finder for 2 MB of them takes long to build.
const PARTS_BYTES: usize = 64 * 1024;

/// What texts begin with.
type Start = [u8; PART_BYTES];

/// Every text that was redacted, and what stands for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Values(HashMap<String, Replacement, RandomState>);

// === impl Values ===

impl Values {
    /// Takes note of a text that was redacted.
    pub fn insert(&mut self, text: &str, replacement: Replacement) {
        let text = text.trim();
        if !text.is_empty() {
            self.0.insert(text.to_owned(), replacement);
        }
    }

    /// The same, where the text is hardly another value's as well.
    pub fn insert_telling(&mut self, text: &str) {
        if is_telling(text.trim()) {
            self.insert(text, Some(Cow::Borrowed(MASK)));
        }
    }

    /// Takes note of all that another one knows.
    pub fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().map(|(text, replacement)| (text.clone(), replacement.clone())));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A text without those that may stand within it; `None` where none does.
    pub fn scrubbed(&self, text: &str, parts: &Parts<'_>) -> Option<String> {
        let has_part = match parts {
            Parts::None => false,
            Parts::Some { finder, .. } => finder.is_match(text),
            Parts::TooMany(starts) => starts_in(text).any(|start| starts.contains(start)),
        };
        has_part.then(|| {
            let mut scrubbed = text.to_owned();
            self.scrub_parts(&mut scrubbed, parts);
            scrubbed
        })
    }

    /// Takes what was redacted out of attributes; `read_again` reads them from the redacted payload, where
    /// they can be read from it, and is asked when that makes a difference.
    ///
    /// An attribute that equals a redacted text goes with it. Where the text may be another value's as well,
    /// since it is short, a word or a number (`OPEN`, `1`), the attribute stays if the redacted payload still
    /// says the same.
    pub fn scrub(&self, attributes: &mut Attributes, read_again: impl FnOnce() -> Option<Attributes>) {
        let is_common = |attribute: &String| !is_telling(attribute) && self.0.contains_key(attribute.trim());
        let read_again = match attributes.iter().flat_map(BTreeMap::values).any(is_common) {
            true => read_again(),
            false => None,
        };
        let parts = self.parts_of(attributes.iter().flat_map(BTreeMap::values).map(String::as_str));
        let long: Vec<&String> = self.0.keys().filter(|text| limits::may_be_cut(text)).collect();
        for (position, of_one_kind) in attributes.iter_mut().enumerate() {
            let again = read_again.as_ref().map(|again| &again[position]);
            of_one_kind.retain(|name, attribute| {
                let still_said =
                    again.and_then(|again| again.get(name)).is_some_and(|again| again == attribute);
                match self.0.get(attribute.trim()) {
                    Some(_) if still_said && !is_telling(attribute) => true,
                    Some(Some(replacement)) => {
                        *attribute = replacement.to_string();
                        true
                    }
                    Some(None) => false,
                    // It was shortened: the whole of it begins like this.
                    None if limits::may_be_cut(attribute)
                        && long.iter().any(|text| text.starts_with(&**attribute)) =>
                    {
                        *attribute = MASK.to_owned();
                        true
                    }
                    None => {
                        self.scrub_parts(attribute, &parts);
                        true
                    }
                }
            });
        }
    }

    fn scrub_parts(&self, attribute: &mut String, parts: &Parts<'_>) {
        match parts {
            Parts::None => {}
            Parts::Some { texts, finder } => {
                let mut scrubbed = String::with_capacity(attribute.len());
                finder.replace_all_with(attribute, &mut scrubbed, |found, _, scrubbed| {
                    if let Some(Some(replacement)) = self.0.get(texts[found.pattern()]) {
                        scrubbed.push_str(replacement);
                    }
                    true
                });
                *attribute = scrubbed;
            }
            Parts::TooMany(starts) => {
                if starts_in(attribute).any(|start| starts.contains(start)) {
                    *attribute = MASK.to_owned();
                }
            }
        }
    }

    /// The texts that may stand within one of the others. Few do, so it is their beginnings that are looked for first:
    /// the work grows with the texts and the others, not with their product.
    pub fn parts_of<'t>(&self, others: impl Iterator<Item = &'t str>) -> Parts<'_> {
        let texts = || self.0.keys().filter(|text| may_be_a_part(text));
        let starts: HashSet<&Start, RandomState> =
            texts().filter_map(|text| text.as_bytes().first_chunk()).collect();
        if starts.is_empty() {
            return Parts::None;
        }
        let within = others.flat_map(starts_in);
        let found: HashSet<Start, RandomState> =
            within.filter(|start| starts.contains(start)).copied().collect();
        let is_found =
            |text: &&String| text.as_bytes().first_chunk().is_some_and(|start| found.contains(start));
        let texts: Vec<&str> = texts().filter(is_found).map(String::as_str).collect();
        if texts.is_empty() {
            return Parts::None;
        }
        if texts.iter().map(|text| text.len()).sum::<usize>() > PARTS_BYTES {
            return Parts::TooMany(found);
        }
        match AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&texts) {
            Ok(finder) => Parts::Some { texts, finder },
            Err(_) => Parts::TooMany(found),
        }
    }
}

/// The redacted texts that may stand within others.
pub enum Parts<'v> {
    None,
    Some {
        texts: Vec<&'v str>,
        finder: AhoCorasick,
    },
    /// More than can be looked for: what begins like one is taken for it.
    TooMany(HashSet<Start, RandomState>),
}

fn starts_in(attribute: &str) -> impl Iterator<Item = &Start> {
    attribute.as_bytes().windows(PART_BYTES).filter_map(|window| window.first_chunk())
}

/// Whether a text is hardly another value's as well.
fn is_telling(text: &str) -> bool {
    may_be_a_part(text) && !text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text that holds this one tells it: it is long, and not a word, or several, like others.
fn may_be_a_part(text: &str) -> bool {
    text.len() >= PART_BYTES
        && !text.chars().all(|char| char.is_alphabetic() || matches!(char, ' ' | '_' | '-'))
}

#[cfg(test)]
mod tests;
