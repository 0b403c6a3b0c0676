//! Writes to outside systems: a command of the catalogue's operations, checked, and what it would change.
//!
//! Pure; [`crate::Directory`] carries them out.

mod difference;
mod implementation;

use std::collections::BTreeMap;

use serde_json::Value;
use trunkline_schemas::WriteBack;
use trunkline_systems::{FieldNames, Operation, Parameter, System};

use crate::encode::{self, Unsafe};
pub use difference::{Change, Difference, difference};
pub(crate) use implementation::Implementation;

/// A write, checked and ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub system: System,
    /// What to do.
    pub operation: &'static Operation,
    /// The command's id, also the idempotency key.
    pub command_id: String,
    /// The conversation that it comes from.
    pub conversation_id: Option<String>,
    /// Fields to write, as text.
    pub fields: BTreeMap<String, String>,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
    parameters: BTreeMap<&'static str, Given>,
}

/// Why a command cannot be carried out, ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// No such operation.
    #[error("{system} has no operation '{operation}'; known are {}", known_operations())]
    UnknownOperation {
        /// The system.
        system: System,
        /// The operation asked for.
        operation: String,
    },
    /// A parameter is missing.
    #[error("operation {operation} needs the parameter '{parameter}'; add it to the rule's [parameters]")]
    MissingParameter {
        /// The operation.
        operation: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter's value cannot be put into an address.
    #[error("parameter '{parameter}': {source}")]
    UnsafeParameter {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong with it.
        source: Unsafe,
    },
    /// A name of an object or a field is none.
    #[error("'{0}' is no name of an object or field (letters, digits and underscores)")]
    InvalidName(String),
    /// There is nothing to write.
    #[error("the command has no fields to write; add some to the rule's [fields]")]
    NoFields,
}

/// The present values of what a write would change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Current {
    /// False when the resource does not exist.
    pub exists: bool,
    /// The present value of each field of the write; `null` when it has none.
    pub fields: BTreeMap<String, Value>,
}

/// A write that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Applied {
    /// HTTP status of the answer.
    pub status: u16,
    /// Attempts it took.
    pub attempts: u32,
    /// True when the resource did not exist before.
    pub created: bool,
}

/// A parameter's value, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    value: String,
    /// The value as one segment of a path.
    segment: String,
}

// === impl Request ===

impl Request {
    /// Checks a command for `system`.
    ///
    /// # Errors
    /// [`InvalidRequest`] for a command that no retry can help.
    pub fn from_write_back(
        command: &WriteBack,
        system: System,
        traceparent: Option<&str>,
    ) -> Result<Self, InvalidRequest> {
        let operation = system.operation(&command.operation).ok_or_else(|| {
            InvalidRequest::UnknownOperation { system, operation: command.operation.clone() }
        })?;
        if command.fields.is_empty() {
            return Err(InvalidRequest::NoFields);
        }
        let parameters = operation
            .parameters
            .iter()
            .map(|parameter| Ok((parameter.name(), Given::read(operation, parameter.name(), command)?)))
            .collect::<Result<BTreeMap<_, _>, InvalidRequest>>()?;
        let request = Self {
            system,
            operation,
            command_id: command.command_id.clone(),
            conversation_id: command.conversation_id.clone(),
            fields: command.fields.clone(),
            traceparent: traceparent.map(str::to_owned),
            parameters,
        };
        request.check_names()?;
        Ok(request)
    }

    /// A parameter's value; all that the operation needs are there.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", |parameter| &parameter.value)
    }

    /// A parameter as one segment of a path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", |parameter| &parameter.segment)
    }

    // Names of objects and fields go into paths and lists of fields, where nothing can be escaped.
    fn check_names(&self) -> Result<(), InvalidRequest> {
        let parameters = self.operation.parameters.iter().filter_map(|parameter| match parameter {
            Parameter::Identifier(name) => Some(self.parameter(name)),
            Parameter::Event(_) | Parameter::Value(_) => None,
        });
        let fields = match self.operation.field_names {
            FieldNames::Identifiers => Some(self.fields.keys().map(String::as_str)),
            FieldNames::Any => None,
        };
        match parameters.chain(fields.into_iter().flatten()).find(|name| !is_name(name)) {
            Some(name) => Err(InvalidRequest::InvalidName(name.to_owned())),
            None => Ok(()),
        }
    }
}

/// For whoever asked for one that there is not: all operations, each with its system.
fn known_operations() -> String {
    let of_system = |system: System| {
        let operations = system.capabilities().operations.iter();
        operations.map(move |operation| format!("{} ({system})", operation.name))
    };
    let all: Vec<String> = System::ALL.into_iter().flat_map(of_system).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "none".to_owned(),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

// === impl Given ===

impl Given {
    fn read(operation: &Operation, name: &'static str, command: &WriteBack) -> Result<Self, InvalidRequest> {
        let missing = InvalidRequest::MissingParameter { operation: operation.name, parameter: name };
        let value = command.parameters.get(name).filter(|value| !value.is_empty()).ok_or(missing)?;
        let segment = encode::path_segment(value);
        let segment =
            segment.map_err(|source| InvalidRequest::UnsafeParameter { parameter: name, source })?;
        Ok(Self { value: value.clone(), segment })
    }
}

// === impl Current ===

impl Current {
    /// The values of a write's fields in a resource that exists, by the fields' names.
    pub(crate) fn of<'a>(write: &Request, value: impl Fn(&str) -> Option<&'a Value>) -> Self {
        let fields = write.fields.keys();
        let fields = fields.map(|name| (name.clone(), value(name).cloned().unwrap_or(Value::Null)));
        Self { exists: true, fields: fields.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn check(
        system: System,
        operation: &str,
        parameters: &[(&str, &str)],
        fields: &[(&str, &str)],
    ) -> Result<Request, InvalidRequest> {
        let command = testing::command(operation, parameters, fields);
        Request::from_write_back(&command, system, None)
    }

    const UPSERT: &[(&str, &str)] =
        &[("object", "Contact"), ("externalIdField", "Number__c"), ("externalId", "a/b")];

    #[test]
    fn a_complete_command_is_ready_to_go() {
        let request = check(System::Salesforce, "upsert", UPSERT, &[("Tier__c", "GOLD")]).unwrap();
        assert_eq!(request.parameter("externalId"), "a/b");
        assert_eq!(request.segment("externalId"), "a%2Fb");
        assert_eq!(request.operation.guarantee.as_str(), "idempotency_key");
    }

    #[test]
    fn what_no_retry_can_help_is_refused() {
        let fields: &[(&str, &str)] = &[("Tier__c", "GOLD")];
        let with = |name, value| {
            let mut parameters = UPSERT.to_vec();
            parameters.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, known)| *known = value);
            check(System::Salesforce, "upsert", &parameters, fields)
        };
        let unknown = check(System::Sap, "upsert", UPSERT, fields).unwrap_err().to_string();
        assert!(unknown.starts_with("sap has no operation 'upsert'; known are "), "{unknown}");
        assert!(unknown.contains("participant_attributes (genesys)"), "{unknown}");
        assert!(matches!(check(System::Salesforce, "upsert", UPSERT, &[]), Err(InvalidRequest::NoFields)));
        assert!(matches!(with("externalId", ""), Err(InvalidRequest::MissingParameter { .. })));
        assert!(matches!(with("externalId", ".."), Err(InvalidRequest::UnsafeParameter { .. })));
        assert!(matches!(with("object", "Contact/../x"), Err(InvalidRequest::InvalidName(_))));
        let injected = check(System::Salesforce, "upsert", UPSERT, &[("Tier__c,Name", "x")]);
        assert!(matches!(injected, Err(InvalidRequest::InvalidName(_))));
    }
}
