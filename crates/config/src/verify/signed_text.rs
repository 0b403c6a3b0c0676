//! What a signature is over: a template of what a request carries.

use crate::section::{Problem, Read, Value};
use crate::values::text;

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedPart {
    /// As it stands.
    Text(String),
    /// The delivery's id, as its header has it.
    Id,
    /// When it was signed, as it was sent.
    Timestamp,
    /// The raw body.
    Body,
}

const PLACEHOLDERS: [(&str, SignedPart); 3] =
    [("{id}", SignedPart::Id), ("{timestamp}", SignedPart::Timestamp), ("{body}", SignedPart::Body)];

/// A template such as `{timestamp}.{body}`, with the body in it once.
pub(super) fn signed_text(value: &Value<'_>) -> Read<Vec<SignedPart>> {
    parse(&text(value)?).map_err(Problem::new)
}

fn parse(written: &str) -> Result<Vec<SignedPart>, String> {
    let mut parts = Vec::new();
    let mut rest = written;
    while !rest.is_empty() {
        if let Some((placeholder, part)) = PLACEHOLDERS.iter().find(|(name, _)| rest.starts_with(name)) {
            parts.push(part.clone());
            rest = &rest[placeholder.len()..];
            continue;
        }
        let end = rest.find('{').unwrap_or(rest.len());
        if end == 0 || rest[..end].contains('}') {
            return Err(format!(
                "is '{written}', must be made of {{id}}, {{timestamp}}, {{body}} and what stands between them, such \
                 as \"{{timestamp}}.{{body}}\""
            ));
        }
        parts.push(SignedPart::Text(rest[..end].to_owned()));
        rest = &rest[end..];
    }
    match parts.iter().filter(|part| **part == SignedPart::Body).count() {
        1 => Ok(parts),
        _ => Err(format!("is '{written}', must hold {{body}} once: what is not signed anybody can change")),
    }
}

#[cfg(test)]
mod tests {
    use super::SignedPart::{Body, Id, Text, Timestamp};
    use super::*;

    #[test]
    fn templates_hold_the_body_once_and_nothing_that_is_not_known() {
        let dot = || Text(".".to_owned());
        for (written, parts) in [
            ("{body}", Some(vec![Body])),
            ("{id}.{timestamp}.{body}", Some(vec![Id, dot(), Timestamp, dot(), Body])),
            (
                "v0:{timestamp}:{body}",
                Some(vec![Text("v0:".to_owned()), Timestamp, Text(":".to_owned()), Body]),
            ),
            ("{timestamp}{body}", Some(vec![Timestamp, Body])),
            ("{body}.", Some(vec![Body, dot()])),
            ("", None),
            ("{timestamp}", None),
            ("{body}{body}", None),
            ("{url}{body}", None),
            ("{body", None),
            ("}{body}", None),
        ] {
            assert_eq!(parse(written).ok(), parts, "{written}");
        }
    }
}
