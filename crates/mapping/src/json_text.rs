//! Where values stand in a JSON text, so that one can be changed and all else stays to the byte.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

/// One step from a value to one within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'t> {
    /// To the member of this name.
    Name(Cow<'t, str>),
    /// To the element at this position.
    Position(usize),
}

/// What becomes of a value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Another text in its place.
    Replace(Cow<'static, str>),
    /// It is left out, with its name and a comma.
    Remove,
}

/// The text with edits made to it; `None` when there are none, and `text` stands as it is.
///
/// `decide` is asked about every value but the root, an array or an object before its parts, with the way to
/// it and its text, which of an array or object is its bracket alone. What it says goes with the whole text to
/// `edit`; what is within an edited value is not looked at. Where a name stands twice in an object, both are
/// asked about. `text` is JSON nested as deeply as a parser takes at most; in what is no JSON some values may
/// be passed over.
pub fn edited<'t, D>(
    text: &'t str,
    decide: impl FnMut(&[Step<'t>], &'t str) -> Option<D>,
    edit: impl FnMut(&[Step<'t>], &'t str, D) -> Edit,
) -> Option<String> {
    let mut scanner = Scanner { text, at: 0, path: Vec::new(), cuts: Vec::new(), decide, edit };
    scanner.blank();
    scanner.parts();
    let mut cuts = scanner.cuts;
    if cuts.is_empty() {
        return None;
    }
    cuts.sort_unstable_by_key(|(place, _)| place.start);
    let (mut result, mut done) = (String::with_capacity(text.len()), 0);
    for (place, replacement) in cuts {
        result.push_str(&text[done..place.start]);
        result.push_str(&replacement);
        done = place.end;
    }
    result.push_str(&text[done..]);
    Some(result)
}

/// The texts of all numbers, strings and other scalars within an array or object.
pub fn scalars(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let decide = |_: &[Step<'_>], value| -> Option<std::convert::Infallible> {
        found.push(value);
        None
    };
    edited(text, decide, |_, _, never| match never {});
    found.retain(|value| !value.starts_with(['{', '[']));
    found
}

/// The JSON Pointer of a way from the root.
pub fn pointer(path: &[Step<'_>]) -> String {
    let mut pointer = String::new();
    for step in path {
        pointer.push('/');
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Name(name) if name.contains(['~', '/']) => {
                write!(pointer, "{}", name.replace('~', "~0").replace('/', "~1"))
            }
            Step::Name(name) => write!(pointer, "{name}"),
            Step::Position(position) => write!(pointer, "{position}"),
        };
    }
    pointer
}

struct Scanner<'t, F, E> {
    text: &'t str,
    at: usize,
    path: Vec<Step<'t>>,
    cuts: Vec<(Range<usize>, Cow<'static, str>)>,
    decide: F,
    edit: E,
}

/// What was removed from an array or an object so far, whose commas must still be right.
#[derive(Default)]
struct Removed {
    /// Whether a part before is kept: then what is removed takes the comma before it along, else the one
    /// behind it.
    after_kept: bool,
    /// Where the removed parts begin that no kept one is before.
    leading: Option<usize>,
    /// Where the last part ends.
    end: usize,
}

// === impl Scanner ===

impl<'t, D, F, E> Scanner<'t, F, E>
where
    F: FnMut(&[Step<'t>], &'t str) -> Option<D>,
    E: FnMut(&[Step<'t>], &'t str, D) -> Edit,
{
    /// Looks at the parts of the array or object that begins here, and ends behind it.
    fn parts(&mut self) {
        let is_object = match self.byte() {
            Some(b'{') => true,
            Some(b'[') => false,
            _ => return self.skip(),
        };
        self.at += 1;
        let (mut position, mut removed) = (0, Removed::default());
        loop {
            self.blank();
            let start = self.at;
            match self.byte() {
                None => break,
                Some(b'}' | b']') => {
                    self.at += 1;
                    break;
                }
                Some(b',') => {
                    self.at += 1;
                    continue;
                }
                Some(_) => {}
            }
            let step = if is_object { self.name() } else { Step::Position(position) };
            self.path.push(step);
            let keep = self.part();
            self.path.pop();
            self.cuts.extend(removed.next(keep, start..self.at).map(|place| (place, Cow::Borrowed(""))));
            position += 1;
            if self.at == start {
                // No JSON: without a step forward there would be no end.
                self.at += 1;
            }
        }
        self.cuts.extend(removed.finish().map(|place| (place, Cow::Borrowed(""))));
    }

    /// Looks at the value that begins here, and ends behind it; false when it is to be removed.
    fn part(&mut self) -> bool {
        let start = self.at;
        let has_parts = matches!(self.byte(), Some(b'{' | b'['));
        if !has_parts {
            self.skip();
        }
        let seen = if has_parts { start + 1 } else { self.at };
        let Some(decision) = (self.decide)(&self.path, &self.text[start..seen]) else {
            if has_parts {
                self.parts();
            }
            return true;
        };
        if has_parts {
            self.skip();
        }
        match (self.edit)(&self.path, &self.text[start..self.at], decision) {
            Edit::Remove => return false,
            Edit::Replace(replacement) => self.cuts.push((start..self.at, replacement)),
        }
        true
    }

    /// A member's name; ends before its value.
    fn name(&mut self) -> Step<'t> {
        let start = self.at;
        self.skip();
        let quoted = &self.text[start..self.at];
        self.blank();
        if self.byte() == Some(b':') {
            self.at += 1;
        }
        self.blank();
        Step::Name(unquoted(quoted))
    }

    /// Goes behind the value that begins here.
    fn skip(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.byte() {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' if depth == 0 => return,
                b'}' | b']' => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return,
                b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' => {
                    self.at += 1;
                    continue;
                }
                _ => self.word(),
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Goes behind the string that begins here.
    fn string(&mut self) {
        let bytes = self.text.as_bytes();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return,
                // What is escaped may be the first byte of several: the others are no quote.
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        self.at = bytes.len();
    }

    /// Goes behind a number, `true`, `false` or `null`.
    fn word(&mut self) {
        let is_end =
            |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r' | b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"');
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(is_end).unwrap_or(rest.len()).max(1);
    }

    fn blank(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// The text of a string in quotes; without its escapes where it can be read.
pub fn unquoted(quoted: &str) -> Cow<'_, str> {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
    match inner.contains('\\').then(|| serde_json::from_str(quoted)) {
        Some(Ok(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(inner),
    }
}

// === impl Removed ===

impl Removed {
    /// Takes the next part, and says what of the text goes.
    fn next(&mut self, keep: bool, part: Range<usize>) -> Option<Range<usize>> {
        let before = self.leading.take().map(|start| start..part.start);
        let own = match (keep, self.after_kept) {
            (true, _) => {
                self.after_kept = true;
                None
            }
            (false, true) => Some(self.end..part.end),
            (false, false) => {
                self.leading = Some(part.start);
                None
            }
        };
        self.end = part.end;
        before.or(own)
    }

    /// What of the text goes when no part follows.
    fn finish(self) -> Option<Range<usize>> {
        self.leading.map(|start| start..self.end)
    }
}

#[cfg(test)]
mod tests;
