//! `method = "certificate"`: whose certificate a connection has to have shown (mutual TLS).

use crate::section::{Problem, Read, Section, Value};
use crate::values::text;

/// Names that a certificate has to have, all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubjectRule {
    /// A DNS name of it (`subjectAltName`); `*` stands for one label.
    pub dns: Option<NamePattern>,
    /// A URI of it, such as a SPIFFE id; `*` stands for what is between two slashes.
    pub uri: Option<NamePattern>,
    /// An e-mail address of it; `*` stands for what is before or behind the `@`.
    pub email: Option<NamePattern>,
    /// The common name of its subject.
    pub common_name: Option<NamePattern>,
    /// An organisation of its subject.
    pub organisation: Option<NamePattern>,
}

/// A name as certificates have it, in which parts may be left open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    written: String,
    /// What separates the parts; `None`: it is one part, and no `*` in it means anything else.
    separator: Option<char>,
    /// Whether capitals and small letters are the same.
    ignores_case: bool,
}

// === impl SubjectRule ===

impl SubjectRule {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        let rule = Self {
            dns: section.optional("dns", pattern(Some('.'), true)),
            uri: section.optional("uri", pattern(Some('/'), false)),
            email: section.optional("email", pattern(Some('@'), true)),
            common_name: section.optional("cn", pattern(None, false)),
            organisation: section.optional("o", pattern(None, false)),
        };
        if rule == Self::default() {
            let names = ["dns", "uri", "email", "cn", "o"];
            if !names.iter().any(|name| section.has(name)) {
                section.refuse("dns", "a subject needs one of: dns, uri, email, cn, o");
            }
            return None;
        }
        Some(rule)
    }
}

fn pattern(separator: Option<char>, ignores_case: bool) -> impl Fn(&Value<'_>) -> Read<NamePattern> {
    move |value| {
        let written = text(value)?;
        let open = |part: &str| part == "*";
        let partly = |part: &str| part.contains('*') && !open(part);
        let parts: Vec<&str> =
            separator.map_or(vec![&*written], |separator| written.split(separator).collect());
        if parts.iter().any(|part| partly(part)) || (separator.is_none() && open(&written)) {
            return Err(Problem::new(format!(
                "is '{written}': a '*' stands for a whole part of a name, or is none"
            )));
        }
        if parts.iter().all(|part| open(part)) {
            return Err(Problem::new(format!("is '{written}', which every certificate would have")));
        }
        Ok(NamePattern { written, separator, ignores_case })
    }
}

// === impl NamePattern ===

impl NamePattern {
    /// Whether it is this name.
    pub fn matches(&self, name: &str) -> bool {
        let same = |one: &str, other: &str| match self.ignores_case {
            true => one.eq_ignore_ascii_case(other),
            false => one == other,
        };
        let Some(separator) = self.separator else { return same(&self.written, name) };
        let (mut wanted, mut found) = (self.written.split(separator), name.split(separator));
        loop {
            match (wanted.next(), found.next()) {
                (None, None) => return true,
                (Some("*"), Some(part)) if !part.is_empty() && part != "*" => {}
                (Some(wanted), Some(part)) if wanted != "*" && same(wanted, part) => {}
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_part_of_a_name() {
        for (written, separator, ignores_case, name, expected) in [
            ("*.acme.example", Some('.'), true, "A.Acme.Example", true),
            ("*.acme.example", Some('.'), true, "a.b.acme.example", false),
            ("*.acme.example", Some('.'), true, "acme.example", false),
            ("*.acme.example", Some('.'), true, ".acme.example", false),
            ("*.acme.example", Some('.'), true, "*.acme.example", false),
            ("a.acme.example", Some('.'), true, "a.acme.example.evil", false),
            ("spiffe://acme/ns/*/sa/genesys", Some('/'), false, "spiffe://acme/ns/prod/sa/genesys", true),
            ("spiffe://acme/ns/*/sa/genesys", Some('/'), false, "spiffe://acme/ns/prod/x/sa/genesys", false),
            ("spiffe://acme/ns/*/sa/genesys", Some('/'), false, "spiffe://Acme/ns/prod/sa/genesys", false),
            ("*@acme.example", Some('@'), true, "Hook@acme.example", true),
            ("*@acme.example", Some('@'), true, "hook@evil.acme.example", false),
            ("Acme", None, false, "Acme", true),
            ("Acme", None, false, "Acme Ltd", false),
            ("Acme", None, false, "acme", false),
        ] {
            let pattern = NamePattern { written: written.to_owned(), separator, ignores_case };
            assert_eq!(pattern.matches(name), expected, "{written} {name}");
        }
    }
}
