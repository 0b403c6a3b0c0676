//! The request to a source, made of its templates. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use trunkline_config::{BodyTemplate, LookupSource, Placeholder, Template, TemplatePart};
use trunkline_schemas::percent;

use crate::encode::{self, Unsafe};
use crate::identity::Known;

/// Longest value that a body holds: a message of a customer may be one.
const LONGEST_IN_BODY: usize = 16 << 10;

/// What can be put into templates.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    /// The customer, as the event names them.
    pub(super) customer: Option<&'a str>,
    /// What is known of him.
    pub(super) known: &'a Known,
    /// What a plugin gives.
    pub(super) parameters: &'a BTreeMap<String, String>,
}

/// What a source is asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Question {
    /// Path and query, encoded.
    pub(super) path: String,
    /// The body, where there is one.
    pub(super) body: Option<Value>,
}

/// Why there is no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoQuestion {
    /// A placeholder's value is not known.
    Unknown,
    /// A value cannot be put where it is wanted.
    Unsafe(Unsafe),
}

// === impl Question ===

impl Question {
    /// Puts the values into the source's templates.
    ///
    /// # Errors
    /// [`NoQuestion`]: nothing is asked then.
    pub(super) fn of(source: &LookupSource, values: Values<'_>) -> Result<Self, NoQuestion> {
        let mut path = values.fill(&source.path, encode::path_segment)?;
        for (index, (name, template)) in source.query.iter().enumerate() {
            let value = values.fill(template, encode::query_value)?;
            path.push(if index == 0 { '?' } else { '&' });
            path.push_str(&format!("{}={}", percent::encode(name), percent::encode(&value)));
        }
        let body = source.body.as_ref().map(|body| values.json(body)).transpose()?;
        Ok(Self { path, body })
    }

    /// Tells it from all others of the same source.
    pub(super) fn key(&self) -> String {
        match &self.body {
            Some(body) => format!("{} {body}", self.path),
            None => self.path.clone(),
        }
    }
}

// === impl Values ===

impl Values<'_> {
    fn of(&self, placeholder: &Placeholder) -> Result<&str, NoQuestion> {
        let value = match placeholder {
            Placeholder::CustomerId => self.customer,
            Placeholder::Number => self.known.number.as_deref(),
            Placeholder::Phone => self.known.phone.as_deref(),
            Placeholder::Email => self.known.email.as_deref(),
            Placeholder::Parameter(name) => self.parameters.get(name).map(String::as_str),
        };
        value.filter(|value| !value.trim().is_empty()).ok_or(NoQuestion::Unknown)
    }

    /// The text of a template, with each value as `put` makes it.
    fn fill(
        &self,
        template: &Template,
        put: fn(&str) -> Result<String, Unsafe>,
    ) -> Result<String, NoQuestion> {
        let mut filled = String::new();
        for part in &template.parts {
            match part {
                TemplatePart::Text(text) => filled.push_str(text),
                TemplatePart::Placeholder(placeholder) => {
                    filled.push_str(&put(self.of(placeholder)?).map_err(NoQuestion::Unsafe)?);
                }
            }
        }
        Ok(filled)
    }

    fn json(&self, template: &BodyTemplate) -> Result<Value, NoQuestion> {
        Ok(match template {
            BodyTemplate::Text(template) => Value::String(self.fill(template, in_body)?),
            BodyTemplate::Fixed(value) => value.clone(),
            BodyTemplate::List(elements) => {
                Value::Array(elements.iter().map(|element| self.json(element)).collect::<Result<_, _>>()?)
            }
            BodyTemplate::Object(members) => {
                let members = members.iter().map(|(name, member)| Ok((name.clone(), self.json(member)?)));
                Value::Object(members.collect::<Result<Map<_, _>, NoQuestion>>()?)
            }
        })
    }
}

/// A text of JSON, which is escaped when it is written.
fn in_body(value: &str) -> Result<String, Unsafe> {
    match value.len() <= LONGEST_IN_BODY {
        true => Ok(value.to_owned()),
        false => Err(Unsafe { place: "the body of a request", reason: "is longer than 16 KiB" }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_config::{Asked, SourceMethod};

    use super::*;

    fn template(parts: Vec<TemplatePart>) -> Template {
        Template { parts }
    }

    fn put(placeholder: Placeholder) -> TemplatePart {
        TemplatePart::Placeholder(placeholder)
    }

    fn text(text: &str) -> TemplatePart {
        TemplatePart::Text(text.to_owned())
    }

    fn source(path: Template, query: Template, body: Option<BodyTemplate>) -> LookupSource {
        LookupSource {
            name: "s".to_owned(),
            target: "t".to_owned(),
            asked: Asked::Always,
            method: SourceMethod::Get,
            path,
            query: [("a b".to_owned(), query), ("z".to_owned(), template(vec![text("x&y")]))].into(),
            body,
            headers: BTreeMap::new(),
            external_source: None,
            found: None,
            one_of: None,
            fields: BTreeMap::new(),
            balance: None,
            values: BTreeMap::new(),
            cache: std::time::Duration::ZERO,
        }
    }

    fn asked(source: &LookupSource, customer: &str, parameter: Option<&str>) -> Result<Question, NoQuestion> {
        let parameters = parameter.map(|value| ("text".to_owned(), value.to_owned())).into_iter().collect();
        let known = Known { phone: Some("+49 1".to_owned()), ..Known::default() };
        Question::of(source, Values { customer: Some(customer), known: &known, parameters: &parameters })
    }

    #[test]
    fn values_stay_values_wherever_they_are_put() {
        let path = template(vec![text("/c/"), put(Placeholder::CustomerId), text("/x%20y")]);
        let query = template(vec![text("p:"), put(Placeholder::Phone)]);
        let said = template(vec![text("it's \"{"), put(Placeholder::Parameter("text".to_owned()))]);
        let body = BodyTemplate::Object(
            [
                ("said".to_owned(), BodyTemplate::List(vec![BodyTemplate::Text(said)])),
                ("n".to_owned(), BodyTemplate::Fixed(json!(7))),
            ]
            .into(),
        );
        let source = source(path, query, Some(body));
        let question = asked(&source, "a/../b?c#d", Some("x\"}],\n\"n\": 8")).unwrap();
        assert_eq!(question.path, "/c/a%2F..%2Fb%3Fc%23d/x%20y?a%20b=p%3A%2B49%201&z=x%26y");
        assert_eq!(question.body, Some(json!({"said": ["it's \"{x\"}],\n\"n\": 8"], "n": 7})));
        assert_ne!(question.key(), asked(&source, "a/../b?c#d", Some("y")).unwrap().key());
        for (customer, parameter, expected) in [
            ("C-1", None, "Unknown"),
            ("C-1", Some(""), "Unknown"),
            (" ", Some("x"), "Unknown"),
            ("..", Some("x"), "means another path"),
            ("C\n1", Some("x"), "control characters"),
            ("C-1", Some(&"x".repeat(LONGEST_IN_BODY + 1)), "16 KiB"),
        ] {
            let refused = format!("{:?}", asked(&source, customer, parameter).unwrap_err());
            assert!(refused.contains(expected), "{customer:?}: {refused}");
        }
    }
}
