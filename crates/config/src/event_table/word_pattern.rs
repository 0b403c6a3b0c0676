//! A word that a value is compared with.

/// A word in which each `*` stands for any characters, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordPattern(String);

// === impl WordPattern ===

impl WordPattern {
    /// The pattern that is written so.
    pub fn new(written: &str) -> Self {
        Self(written.to_owned())
    }

    /// Whether a text is what it stands for, to the letter.
    pub fn matches(&self, text: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == text };
        let Some(mut text) = text.strip_prefix(first) else { return false };
        let mut parts = rest.split('*').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                return text.ends_with(part);
            }
            match text.find(part) {
                Some(at) => text = &text[at + part.len()..],
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("call.started", "call.started", true),
            ("call.started", "Call.started", false),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("*", "x", true),
            ("*.end", "customer.end", true),
            ("*.end", "customer.ended", false),
            ("call.*", "call.started", true),
            ("call.*", "recall.started", false),
            ("*.Changed.*", "sap.BusinessPartner.Changed.v1", true),
            ("*.Changed.*", "sap.BusinessPartner.Created.v1", false),
            ("a*a", "a", false),
            ("a*b*a", "aba", true),
            ("a*b*a", "aa", false),
            ("ü*ß", "über Straß", true),
        ] {
            assert_eq!(WordPattern::new(pattern).matches(text), expected, "{pattern} of {text}");
        }
    }
}
