//! Texts with placeholders, of which questions to sources are made.

use crate::section::{Problem, Read, Value};
use crate::suggest::did_you_mean;
use crate::values::text;

/// A text with placeholders: `/customers/{customerId}`. `{{` and `}}` stand for the braces themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What it is made of, in order.
    pub parts: Vec<TemplatePart>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplatePart {
    /// What stands there as it is.
    Text(String),
    /// What is put in.
    Placeholder(Placeholder),
}

/// What can be put into a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Placeholder {
    /// `{customerId}`: the customer, as the event names them.
    CustomerId,
    /// `{number}`: the customer's number: what the event names them by where that is one, else what the external
    /// contact has for the source's `external_source`.
    Number,
    /// `{phone}`: a phone number in E.164.
    Phone,
    /// `{email}`: an e-mail address.
    Email,
    /// `{parameters.NAME}`: what a plugin gives.
    Parameter(String),
}

// === impl Template ===

impl Template {
    /// The placeholders in it.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| match part {
            TemplatePart::Text(_) => None,
            TemplatePart::Placeholder(placeholder) => Some(placeholder),
        })
    }

    fn parse(written: &str) -> Read<Self> {
        let (mut parts, mut text) = (Vec::new(), String::new());
        let mut rest = written;
        while let Some(at) = rest.find(['{', '}']) {
            text.push_str(&rest[..at]);
            let (brace, behind) = rest[at..].split_at(1);
            if let Some(behind) = behind.strip_prefix(brace) {
                text.push_str(brace);
                rest = behind;
                continue;
            }
            if brace == "}" {
                return Err(Problem::new("has a '}' that no '{' opens; '}}' stands for the sign itself"));
            }
            let Some((name, behind)) = behind.split_once('}') else {
                return Err(Problem::new("has a '{' that no '}' closes; '{{' stands for the sign itself"));
            };
            if !text.is_empty() {
                parts.push(TemplatePart::Text(std::mem::take(&mut text)));
            }
            parts.push(TemplatePart::Placeholder(Placeholder::parse(name)?));
            rest = behind;
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(TemplatePart::Text(text));
        }
        Ok(Self { parts })
    }
}

// === impl Placeholder ===

/// Stands before the name of a parameter.
const PARAMETERS: &str = "parameters.";

impl Placeholder {
    const NAMED: [(&'static str, Self); 4] = [
        ("customerId", Self::CustomerId),
        ("number", Self::Number),
        ("phone", Self::Phone),
        ("email", Self::Email),
    ];

    fn parse(name: &str) -> Read<Self> {
        if let Some(parameter) = name.strip_prefix(PARAMETERS) {
            return match is_identifier(parameter) {
                true => Ok(Self::Parameter(parameter.to_owned())),
                false => Err(Problem::new(format!(
                    "has the placeholder '{{{name}}}': a parameter's name is letters, digits and '_', with a letter first"
                ))),
            };
        }
        let known = Self::NAMED.into_iter().find(|(known, _)| *known == name);
        known.map(|(_, placeholder)| placeholder).ok_or_else(|| {
            let hint = did_you_mean(name, Self::NAMED.iter().map(|(known, _)| *known));
            let known = Self::NAMED.map(|(known, _)| format!("{{{known}}}")).join(", ");
            let hint =
                if hint.is_empty() { format!("; there are {known} and {{parameters.NAME}}") } else { hint };
            Problem::new(format!("has the placeholder '{{{name}}}', which there is not{hint}"))
        })
    }
}

/// Letters, digits and underscores, beginning with a letter: what expressions can name.
pub(crate) fn is_identifier(written: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    written.len() <= 64
        && written.starts_with(|first: char| first.is_ascii_alphabetic())
        && written.bytes().all(allowed)
}

/// A text with placeholders.
pub(crate) fn template(value: &Value<'_>) -> Read<Template> {
    Template::parse(&text(value)?)
}

/// A path with placeholders, below the target's base URL.
pub(crate) fn path_template(value: &Value<'_>) -> Read<Template> {
    let written = text(value)?;
    let template = Template::parse(&written)?;
    // The characters of a path (RFC 3986 section 3.3); what is put in is encoded.
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/".contains(&byte);
    let fixed = template.parts.iter().filter_map(|part| match part {
        TemplatePart::Text(text) => Some(text),
        TemplatePart::Placeholder(_) => None,
    });
    let is_elsewhere = written.split('/').any(|segment| segment == "." || segment == "..");
    if !written.starts_with('/') || is_elsewhere || fixed.into_iter().any(|text| !text.bytes().all(allowed)) {
        return Err(Problem::new(format!(
            "is '{written}', must be a path such as '/customers/{{customerId}}'; what follows a '?' has a table 'query'"
        )));
    }
    Ok(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholder(placeholder: Placeholder) -> TemplatePart {
        TemplatePart::Placeholder(placeholder)
    }

    #[test]
    fn placeholders_stand_between_texts_and_doubled_braces_for_themselves() {
        let text = |text: &str| TemplatePart::Text(text.to_owned());
        for (written, parts) in [
            ("", vec![]),
            ("plain", vec![text("plain")]),
            ("/a/{customerId}/b", vec![text("/a/"), placeholder(Placeholder::CustomerId), text("/b")]),
            ("{phone}{email}", vec![placeholder(Placeholder::Phone), placeholder(Placeholder::Email)]),
            ("{parameters.text}", vec![placeholder(Placeholder::Parameter("text".to_owned()))]),
            ("{{ a {number} }}", vec![text("{ a "), placeholder(Placeholder::Number), text(" }")]),
            ("{{{number}}}", vec![text("{"), placeholder(Placeholder::Number), text("}")]),
        ] {
            assert!(matches!(Template::parse(written), Ok(template) if template.parts == parts), "{written}");
        }
        for written in
            ["{", "}", "{customerId", "a}", "{x}", "{}", "{parameters.}", "{parameters.a b}", "{{x}"]
        {
            assert!(Template::parse(written).is_err(), "{written}");
        }
    }
}
