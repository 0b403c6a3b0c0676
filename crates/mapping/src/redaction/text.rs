//! What in a text lets in whoever has it, found by what it looks like: addresses with a signature, a token or
//! a password, credentials behind `Bearer` or `Basic`, web tokens, and values after `password=` and its kind.
//!
//! Every byte is looked at a bounded number of times, whatever the text is: customers write texts.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{MASK, address, names};

/// A shorter text is no secret.
const TEXT_MIN: usize = 8;

/// How much of a run of characters is looked at to say what it looks like, and how far back a name may begin.
const JUDGED: usize = 64;

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The text without its secrets, and what these were; `None` when it has none.
pub fn masked(text: &str) -> Option<(String, Vec<&str>)> {
    let places = secrets(text);
    let (mut masked, mut done, mut found) = (String::new(), 0, Vec::new());
    for place in places {
        masked.push_str(&text[done..place.start]);
        masked.push_str(MASK);
        done = place.end;
        found.push(&text[place]);
    }
    masked.push_str(&text[done..]);
    (!found.is_empty()).then_some((masked, found))
}

/// The places of a text's secrets, from left to right.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut finder = Finder { text, bytes: text.as_bytes(), addresses: 0, web_tokens: 0 };
    let (mut found, mut at): (Vec<Range<usize>>, usize) = (Vec::new(), 0);
    while text.len() >= TEXT_MIN && at < text.len() {
        match finder.secret_at(at) {
            Some(place) => {
                at = place.end.max(at + 1);
                let start = found.last().map_or(place.start, |last| place.start.max(last.end));
                found.push(start..place.end);
            }
            None => at += 1,
        }
    }
    found
}

struct Finder<'t> {
    text: &'t str,
    bytes: &'t [u8],
    /// How far addresses were looked at: one within another is looked at with it.
    addresses: usize,
    /// The same of web tokens.
    web_tokens: usize,
}

// === impl Finder ===

impl Finder<'_> {
    /// The place of the secret that is known by what stands at this byte.
    fn secret_at(&mut self, at: usize) -> Option<Range<usize>> {
        match self.bytes[at] {
            b':' if self.bytes[at..].starts_with(b"://") => self.address(at),
            b':' | b'=' => self.assigned(at),
            b'b' | b'B' => self.after_scheme(at),
            b'e' if self.bytes[at..].starts_with(b"eyJ") => self.web_token(at),
            _ => None,
        }
    }

    fn address(&mut self, at: usize) -> Option<Range<usize>> {
        let start = at - self.before(at, |byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte));
        if at < self.addresses || start == at {
            return None;
        }
        let end = at
            + self.run(at, |byte| {
                !(byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'<>`\\|".contains(byte))
            });
        let end = at + self.text[at..end].trim_end_matches([')', ']', '}', '.', ',', ';', '!', '?']).len();
        self.addresses = end;
        address::lets_in(self.text.get(at + 3..end)?).then_some(start..end)
    }

    /// What `name=` or `"name": ` stands before, where the name is a credential's.
    fn assigned(&self, at: usize) -> Option<Range<usize>> {
        let name_end = at - self.before(at, |byte| b" \\\"'".contains(byte));
        let name =
            name_end - self.before(name_end, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
        if !names::lets_in(self.text.get(name..name_end)?) {
            return None;
        }
        let after = at + 1 + self.run(at + 1, |byte| *byte == b' ');
        let start = after + self.run(after, |byte| b"\\\"'".contains(byte));
        if start > after {
            let end = start + self.run(start, |byte| !b"\\\"'\r\n".contains(byte));
            return (end > start).then_some(start..end);
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"\\\"'<>`|&,;(){}[]".contains(byte);
        let value: Vec<u8> =
            self.bytes[start..].iter().take(JUDGED).copied().take_while(|byte| !ends(byte)).collect();
        let joined = self.bytes[at] == b'=' && start == at + 1;
        let is_word = value.len() < TEXT_MIN || value.iter().all(u8::is_ascii_alphabetic);
        (joined && !is_word || is_opaque(&value)).then(|| start..start + self.run(start, |byte| !ends(byte)))
    }

    /// The word `Bearer` or `Basic` that begins here, with the credential behind it.
    fn after_scheme(&self, at: usize) -> Option<Range<usize>> {
        let is_scheme = |word: &str| {
            let found = self.bytes.get(at..at + word.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(word.as_bytes()))
        };
        let scheme = ["bearer", "basic"].into_iter().find(|word| is_scheme(word))?;
        let judge = if scheme == "bearer" { is_opaque } else { is_user_and_password };
        if at > 0 && self.bytes[at - 1].is_ascii_alphanumeric() {
            return None;
        }
        let word = at + scheme.len();
        let start = word
            + match self.bytes[word..].starts_with(b"%20") {
                true => "%20".len(),
                false => self.run(word, |byte| b" \t".contains(byte)),
            };
        if start == word {
            return None;
        }
        let run = self.run(start, |byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte));
        let credential = self.text[start..start + run].trim_end_matches('.');
        judge(credential.as_bytes()).then_some(at..start + credential.len())
    }

    /// A JSON Web Token, signed (three parts) or encrypted (five), of which the end may be cut off: its parts
    /// are in base64url, and the first begins with `{"`.
    fn web_token(&mut self, at: usize) -> Option<Range<usize>> {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        if at < self.web_tokens || at > 0 && is_part(&self.bytes[at - 1]) {
            return None;
        }
        let end = at + self.run(at, |byte| is_part(byte) || *byte == b'.');
        self.web_tokens = end;
        let run = self.text[at..end].trim_end_matches('.');
        let parts: Vec<&str> = run.split('.').collect();
        let is_header = |part: &&str| part.starts_with("eyJ") && part.len() >= TEXT_MIN;
        let header = parts.iter().position(is_header)?;
        let behind = &parts[header + 1..];
        (behind.len() >= 2 || behind.first().is_some_and(is_header)).then_some(at..at + run.len())
    }

    /// How many bytes from here on are so.
    fn run(&self, at: usize, is: impl Fn(&u8) -> bool) -> usize {
        self.bytes[at..].iter().take_while(|byte| is(byte)).count()
    }

    /// How many bytes before this one are so.
    fn before(&self, at: usize, is: impl Fn(&u8) -> bool) -> usize {
        self.bytes[..at].iter().rev().take(JUDGED).take_while(|byte| is(byte)).count()
    }
}

/// Whether characters are as a machine writes them and nobody else: letters with digits among them, a lot of
/// digits, or capitals within a long word.
pub fn is_opaque(run: &[u8]) -> bool {
    let judged = &run[..run.len().min(JUDGED)];
    let has = |is: fn(&u8) -> bool| judged.iter().any(is);
    let capitals = judged.windows(2).filter(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
    match (has(u8::is_ascii_digit), has(u8::is_ascii_alphabetic)) {
        (true, true) => judged.len() >= 6,
        (true, false) => judged.iter().filter(|byte| byte.is_ascii_digit()).count() >= 16,
        (false, true) => {
            judged.len() >= 16 && capitals.count() >= 2
                || judged.len() >= 24 && judged.iter().all(u8::is_ascii_alphabetic)
        }
        (false, false) => false,
    }
}

/// Whether this is what follows `Basic`: a user and a password with a colon between them, in base64 (RFC
/// 7617).
fn is_user_and_password(run: &[u8]) -> bool {
    let decoded = |alphabet| GeneralPurpose::new(alphabet, ANY_PADDING).decode(run).ok();
    let pair =
        decoded(&STANDARD).or_else(|| decoded(&URL_SAFE)).and_then(|bytes| String::from_utf8(bytes).ok());
    pair.is_some_and(|pair| pair.contains(':') && !pair.contains(char::is_control))
        || run.ends_with(b"=") && is_opaque(run)
}

#[cfg(test)]
mod tests;
