//! What in a text lets in whoever has it, found by what it looks like: addresses with a signature, a token or
//! a password, credentials behind `Bearer`, `Basic` and their kin, web tokens, private keys, and values after
//! `password=` or within `<password>`.
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

/// How a key in PEM begins.
const KEY_BEGINS: &[u8] = b"-----BEGIN ";

/// A signature in hexadecimal or base64 is as long: 128 bits have 22 characters of base64.
const CODE_MIN: usize = 22;

/// A key behind a word of everyday language is as long.
const KEY_MIN: usize = 16;

/// Whether the characters behind a word are its credential.
type Judge = fn(&[u8]) -> bool;

/// Words before credentials in headers.
const SCHEMES: [(&str, Judge); 8] = [
    ("bearer", is_bearers),
    ("basic", is_user_and_password),
    ("token", is_keys),
    ("apikey", is_keys),
    ("api-key", is_keys),
    ("negotiate", is_keys),
    ("ntlm", is_keys),
    ("ssws", is_keys),
];

/// What these begin with.
const SCHEME_LETTERS: [u8; 10] = *b"bBtTaAnNsS";

const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The text without its secrets; `None` when it has none.
pub fn masked(text: &str) -> Option<String> {
    let places = secrets(text);
    let (mut masked, mut done) = (String::new(), 0);
    for place in &places {
        masked.push_str(&text[done..place.start]);
        masked.push_str(MASK);
        done = place.end;
    }
    masked.push_str(&text[done..]);
    (!places.is_empty()).then_some(masked)
}

/// The places of a text's secrets, from left to right.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut finder =
        Finder { text, bytes: text.as_bytes(), addresses: 0, web_tokens: 0, elements_end: false };
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
    /// Whether no XML element ends any more.
    elements_end: bool,
}

// === impl Finder ===

impl Finder<'_> {
    /// The place of the secret that is known by what stands at this byte.
    fn secret_at(&mut self, at: usize) -> Option<Range<usize>> {
        match self.bytes[at] {
            b':' if self.bytes[at..].starts_with(b"://") => self.address(at, "://".len()),
            // The whole of it is escaped.
            b'%' if self.starts(at, "%3A%2F%2F") => self.address(at, "%3A%2F%2F".len()),
            b'/' if self.bytes[at..].starts_with(b"//") => self.address(at, "//".len()),
            b':' | b'=' => self.assigned(at),
            b'>' => self.element(at),
            b'-' if self.bytes[at..].starts_with(KEY_BEGINS) => self.private_key(at),
            b'e' if self.bytes[at..].starts_with(b"eyJ") => self.web_token(at),
            byte if SCHEME_LETTERS.contains(&byte) => self.after_scheme(at),
            _ => None,
        }
    }

    /// Whether these letters, in whatever case, stand at this byte.
    fn starts(&self, at: usize, letters: &str) -> bool {
        let found = self.bytes.get(at..at + letters.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(letters.as_bytes()))
    }

    /// The address around the separator of so many bytes that stands here; `//` alone begins one without a scheme.
    fn address(&mut self, at: usize, separator: usize) -> Option<Range<usize>> {
        let start = at - self.before(at, |byte| byte.is_ascii_alphanumeric() || b"+.-".contains(byte));
        let needs_scheme = separator > "//".len();
        if at < self.addresses || needs_scheme == (start == at) || !needs_scheme && self.is_within(at) {
            return None;
        }
        let end = at
            + self.run(at, |byte| {
                !(byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'<>`\\|".contains(byte))
            });
        let end = at + self.text[at..end].trim_end_matches([')', ']', '}', '.', ',', ';', '!', '?']).len();
        self.addresses = end;
        let (scheme, rest) = (self.text.get(start..at)?, self.text.get(at + separator..end)?);
        address::lets_in(scheme, rest).then_some(start..end)
    }

    /// Whether what begins here goes on from a path or an address.
    fn is_within(&self, at: usize) -> bool {
        at > 0 && matches!(self.bytes[at - 1], b':' | b'/' | b'%' | b'_' | b'*')
    }

    /// A private key in PEM, to its end or that of the text.
    fn private_key(&self, at: usize) -> Option<Range<usize>> {
        let line = &self.bytes[at..self.bytes.len().min(at + JUDGED)];
        let title = line[KEY_BEGINS.len()..].windows(b"-----".len()).position(|dashes| dashes == b"-----")?;
        let title = &line[KEY_BEGINS.len()..KEY_BEGINS.len() + title];
        if !title.windows(b"PRIVATE KEY".len()).any(|words| words == b"PRIVATE KEY") {
            return None;
        }
        let (begin, mut end) = (at + KEY_BEGINS.len(), self.bytes.len());
        if let Some(found) = self.text.get(begin..)?.find("-----END ") {
            let line = begin + found + "-----END ".len();
            end = self.text[line..].find("-----").map_or(end, |dashes| line + dashes + "-----".len());
        }
        Some(at..end)
    }

    /// What stands in an XML element whose start ends here, where its name is a credential's.
    fn element(&mut self, at: usize) -> Option<Range<usize>> {
        let name = at - self.before(at, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
        let begins = name.checked_sub(1).map(|before| self.bytes[before]);
        if !matches!(begins, Some(b'<' | b':')) || !names::is_credential(self.text.get(name..at)?) {
            return None;
        }
        if self.elements_end {
            return None;
        }
        let start = at + 1;
        let end = start + self.run(start, |byte| *byte != b'<');
        self.elements_end = end == self.bytes.len();
        let found = !self.elements_end && !self.text[start..end].trim().is_empty();
        found.then_some(start..end)
    }

    /// What `name=` or `"name": ` stands before, where the name is a credential's.
    fn assigned(&self, at: usize) -> Option<Range<usize>> {
        let name_end = at - self.before(at, |byte| b" \\\"'".contains(byte));
        let name =
            name_end - self.before(name_end, |byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte));
        let name = self.text.get(name..name_end)?;
        if !names::lets_in(name) {
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
        let is_secret = match joined {
            true => !is_word || names::is_signature(name) && !value.is_empty() || is_opaque(&value),
            // Somebody may have written it.
            false if names::is_everyday(name) => is_opaque(&value) && !is_numbered_word(&value),
            false => is_opaque(&value),
        };
        is_secret.then(|| start..start + self.run(start, |byte| !ends(byte)))
    }

    /// The word `Bearer`, `Basic` or another one of a header that begins here, with the credential behind it.
    fn after_scheme(&self, at: usize) -> Option<Range<usize>> {
        if at > 0 && self.bytes[at - 1].is_ascii_alphanumeric() {
            return None;
        }
        let (scheme, judge) = SCHEMES.iter().find(|(word, _)| self.starts(at, word))?;
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

/// Whether this is what follows `Bearer`.
fn is_bearers(run: &[u8]) -> bool {
    is_opaque(run) && !is_numbered_word(run)
}

/// Whether this is what follows a word that is one of everyday language as well: it is long, and no number.
fn is_keys(run: &[u8]) -> bool {
    run.len() >= KEY_MIN && is_opaque(run) && run.iter().any(u8::is_ascii_alphabetic)
}

/// Whether this is a word with a number behind it, as people write them: `menu2026`, `bond2024x`.
fn is_numbered_word(run: &[u8]) -> bool {
    let run = run.strip_suffix(b".").unwrap_or(run);
    let letters = run.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let digits = run[letters..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let behind = &run[letters + digits..];
    let is_word = run[1.min(letters)..letters].iter().all(u8::is_ascii_lowercase);
    letters >= 3
        && is_word
        && (1..=4).contains(&digits)
        && behind.len() <= 1
        && behind.iter().all(u8::is_ascii_alphabetic)
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

/// Whether this is all hexadecimal or base64, and too long to be anything but a key or a signature.
pub fn is_long_code(text: &[u8]) -> bool {
    let is_code = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_~%".contains(byte);
    text.len() >= CODE_MIN && text.iter().all(is_code) && is_opaque(text)
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
