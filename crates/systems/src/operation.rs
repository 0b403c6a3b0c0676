//! What can be written to a system.

use std::collections::BTreeMap;

use crate::{Concurrency, Guarantee, MissingParameter, Parameter};

/// An operation of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// As written in rules and commands, for instance `upsert`. Another system may have another operation of
    /// that name.
    pub name: &'static str,
    /// What it needs beside the fields to write.
    pub parameters: &'static [Parameter],
    /// The resource that it changes, below system and organisation: segments between slashes, each fixed or
    /// `{parameter}`. Commands of one resource run one after the other, in a lane of their own.
    pub resource: &'static str,
    /// What the fields to write may be called.
    pub field_names: FieldNames,
    /// What the request's body is made of.
    pub body: Body,
    /// What it promises when it is not known whether it took effect.
    pub guarantee: Guarantee,
    /// What keeps other writers apart from it.
    pub concurrency: Concurrency,
    /// What the account must be allowed to do.
    pub permissions: &'static str,
    /// Endpoint class of the write, as in metrics: it has a breaker of its own.
    pub write_class: &'static str,
    /// Endpoint class of the call that reads back the fields to write.
    pub read_class: &'static str,
}

/// What the fields of a write may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldNames {
    /// Anything.
    Any,
    /// Letters, digits and underscores: they stand in lists where nothing can be escaped.
    Identifiers,
}

/// What a request's body is made of: a JSON object, whose values are texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// One member of this name, an object of the fields.
    FieldsUnder(&'static str),
    /// The fields, without the one that this parameter names (in upper or lower case).
    FieldsBut(&'static str),
}

// === impl Operation ===

impl Operation {
    /// Names of the parameters that a rule has to give.
    pub fn parameters_of_rules(&self) -> impl Iterator<Item = &'static str> {
        let of_rules = self.parameters.iter().filter(|parameter| !matches!(parameter, Parameter::Event(_)));
        of_rules.map(|parameter| parameter.name())
    }

    /// The resource that a command changes, below system and organisation.
    ///
    /// # Errors
    /// [`MissingParameter`] for the first parameter that the resource's name is made of and that is not there.
    pub fn resource_of(&self, parameters: &BTreeMap<String, String>) -> Result<String, MissingParameter> {
        let segment = |segment: &'static str| match parameter_in(segment) {
            None => Ok(segment),
            Some(name) => {
                let missing = MissingParameter { operation: self.name, parameter: name };
                parameters.get(name).map(String::as_str).ok_or(missing)
            }
        };
        Ok(self.resource.split('/').map(segment).collect::<Result<Vec<_>, _>>()?.join("/"))
    }
}

/// The parameter that a segment stands for; `None` for a fixed one.
fn parameter_in(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::System;

    fn parameters(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_resource_is_named_by_the_operations_parameters() {
        for (system, operation, given, expected) in [
            (
                System::Genesys,
                "participant_attributes",
                &[("conversationId", "c-1"), ("participantId", "p-1")][..],
                "conversations/c-1/participants/p-1",
            ),
            (
                System::Salesforce,
                "upsert",
                &[("object", "Contact"), ("externalIdField", "Number__c"), ("externalId", "a/b")],
                "Contact/Number__c/a/b",
            ),
        ] {
            let operation = system.operation(operation).unwrap();
            assert_eq!(operation.resource_of(&parameters(given)).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_an_operation_names_are_its_parameters() {
        for operation in System::ALL.iter().flat_map(|system| system.capabilities().operations) {
            let known: Vec<&str> = operation.parameters.iter().map(|parameter| parameter.name()).collect();
            for name in operation.resource.split('/').filter_map(parameter_in) {
                assert!(known.contains(&name), "{}: {name}", operation.name);
            }
            if let Body::FieldsBut(name) = operation.body {
                assert!(known.contains(&name), "{}: {name}", operation.name);
            }
        }
    }

    #[test]
    fn a_resource_without_one_of_its_parameters_has_no_name() {
        let operation = System::Genesys.operation("participant_attributes").unwrap();
        let missing = operation.resource_of(&parameters(&[("conversationId", "c-1")]));
        assert_eq!(
            missing.unwrap_err().to_string(),
            "operation 'participant_attributes' needs parameter 'participantId'"
        );
    }
}
