//! Blanks for comments and strings, so that what looks like code in them is not taken for code.

/// A file's code without comments and strings, and its strings apart.
#[derive(Debug)]
pub struct Masked {
    /// As long as the file, with the same line breaks.
    pub code: String,
    /// What stood within quotes.
    pub strings: Vec<Literal>,
}

/// What stands within one pair of quotes.
#[derive(Debug)]
pub struct Literal {
    /// The offset of its first byte.
    pub at: usize,
    /// The text, with escapes as they are written.
    pub text: String,
}

/// Whether a letter can be part of a name.
pub fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Takes comments, strings and characters out of a Rust file.
pub fn mask(text: &str) -> Masked {
    let mut masker = Masker { text, code: text.as_bytes().to_vec(), strings: Vec::new(), at: 0 };
    masker.run();
    let code = String::from_utf8_lossy(&masker.code).into_owned();
    Masked { code, strings: masker.strings }
}

struct Masker<'a> {
    text: &'a str,
    code: Vec<u8>,
    strings: Vec<Literal>,
    at: usize,
}

impl Masker<'_> {
    fn run(&mut self) {
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                let end = rest.find('\n').unwrap_or(rest.len());
                self.blank(end);
            } else if rest.starts_with("/*") {
                self.blank(block_comment(rest));
            } else if let Some(hashes) = raw_string(rest, self.text[..self.at].chars().next_back()) {
                self.raw(hashes);
            } else if rest.starts_with('"') {
                self.string();
            } else if rest.starts_with('\'') {
                self.at += character(rest).map_or(1, |length| {
                    fill(&mut self.code[self.at + 1..self.at + length - 1]);
                    length
                });
            } else {
                self.at += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
    }

    /// Replaces the next bytes, and goes behind them.
    fn blank(&mut self, length: usize) {
        fill(&mut self.code[self.at..self.at + length]);
        self.at += length;
    }

    fn string(&mut self) {
        let start = self.at + 1;
        let mut end = start;
        let bytes = self.text.as_bytes();
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        self.keep(start, end.min(bytes.len()), 1);
    }

    fn raw(&mut self, hashes: usize) {
        let start = self.text[self.at..].find('"').map_or(self.text.len(), |quote| self.at + quote + 1);
        let close = format!("\"{}", "#".repeat(hashes));
        let end = self.text[start..].find(&close).map_or(self.text.len(), |length| start + length);
        self.keep(start, end, close.len());
    }

    fn keep(&mut self, start: usize, end: usize, quotes: usize) {
        self.strings.push(Literal { at: start, text: self.text[start..end].to_owned() });
        fill(&mut self.code[start..end]);
        self.at = (end + quotes).min(self.text.len());
    }
}

fn fill(bytes: &mut [u8]) {
    for byte in bytes.iter_mut().filter(|byte| **byte != b'\n') {
        *byte = b' ';
    }
}

/// The length of a comment between `/*` and its `*/`, others within it.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..(at + 2).min(rest.len())] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// How many `#` a raw string has that begins here.
fn raw_string(rest: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(is_word) {
        return None;
    }
    let after = ["r", "br", "cr"].iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The length of a character with its quotes; nothing if this is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut letters = rest.char_indices().skip(1);
    let (_, first) = letters.next()?;
    if first == '\\' {
        return rest[3..].find('\'').map(|at| at + 4);
    }
    let (at, second) = letters.next()?;
    (second == '\'').then_some(at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_blanked_and_lifetimes_are_code() {
        for (text, code) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ */ d", "a                 d"),
            (r#"a("b\"{", c)"#, r#"a("    ", c)"#),
            (r##"a(r#"b"{"#, c)"##, r##"a(r#"   "#, c)"##),
            ("f<'a>('{', '\\'', '\\u{7b}')", "f<'a>(' ', '  ', '      ')"),
            ("x(b\"{\")", "x(b\" \")"),
            ("\"é{\" y", "\"   \" y"),
        ] {
            assert_eq!(mask(text).code, code, "{text}");
        }
    }

    #[test]
    fn strings_are_kept_with_their_place() {
        let strings = mask("a(\"one\", r\"two\")").strings;
        assert_eq!(
            strings.iter().map(|string| (string.at, &*string.text)).collect::<Vec<_>>(),
            [(3, "one"), (11, "two")]
        );
    }
}
