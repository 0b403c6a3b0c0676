//! Writes to outside systems: what can be done, what each operation guarantees, and what it would change.
//!
//! Pure; [`crate::Directory`] carries them out.

mod difference;

use std::collections::BTreeMap;

use serde_json::Value;
use trunkline_config::System;
use trunkline_schemas::WriteBack;

use crate::encode::{self, Unsafe};
pub use difference::{Change, Difference, difference};

/// Carries the command's id to the systems, for their logs.
pub(crate) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// What can be done to an outside system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Genesys: sets attributes of a participant. Parameters `conversationId`, `participantId`.
    ParticipantAttributes,
    /// Salesforce: creates or updates the record with an external id. Parameters `object`, `externalIdField`,
    /// `externalId`.
    Upsert,
}

/// What an operation promises when it is not known whether a request of it took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guarantee {
    /// A version check fences a second writer.
    Conditional,
    /// The system takes the effect once, however often it is asked.
    IdempotencyKey,
    /// Setting a value again converges.
    Absolute,
    /// Nothing: a person decides.
    Unsafe,
}

/// A write, checked and ready to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to do.
    pub operation: Operation,
    /// The command's id, also the idempotency key.
    pub command_id: String,
    /// Fields to write, as text.
    pub fields: BTreeMap<String, String>,
    /// W3C trace context to pass on.
    pub traceparent: Option<String>,
    parameters: BTreeMap<&'static str, Parameter>,
}

/// Why a command cannot be carried out, ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRequest {
    /// No such operation.
    #[error(
        "{system} has no operation '{operation}'; known are participant_attributes (genesys) and upsert (salesforce)"
    )]
    UnknownOperation {
        /// The system.
        system: String,
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

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameter {
    value: String,
    /// The value as one segment of a path.
    segment: String,
}

// === impl Operation ===

impl Operation {
    /// The operation of that name at that system.
    pub fn parse(system: System, name: &str) -> Option<Self> {
        match (system, name) {
            (System::Genesys, "participant_attributes") => Some(Self::ParticipantAttributes),
            (System::Salesforce, "upsert") => Some(Self::Upsert),
            _ => None,
        }
    }

    /// As written in rules and commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::ParticipantAttributes => "participant_attributes",
            Self::Upsert => "upsert",
        }
    }

    /// What it promises.
    pub fn guarantee(self) -> Guarantee {
        match self {
            Self::ParticipantAttributes => Guarantee::Absolute,
            Self::Upsert => Guarantee::IdempotencyKey,
        }
    }

    /// The parameters it needs.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::ParticipantAttributes => &["conversationId", "participantId"],
            Self::Upsert => &["object", "externalIdField", "externalId"],
        }
    }

    /// The endpoint class it calls, as in metrics.
    pub fn class(self) -> &'static str {
        match self {
            Self::ParticipantAttributes => crate::genesys::WRITE,
            Self::Upsert => crate::salesforce::WRITE,
        }
    }
}

// === impl Guarantee ===

impl Guarantee {
    /// `conditional`, `idempotency_key`, `absolute` or `unsafe`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conditional => "conditional",
            Self::IdempotencyKey => "idempotency_key",
            Self::Absolute => "absolute",
            Self::Unsafe => "unsafe",
        }
    }
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
        let operation =
            Operation::parse(system, &command.operation).ok_or_else(|| InvalidRequest::UnknownOperation {
                system: system.as_str().to_owned(),
                operation: command.operation.clone(),
            })?;
        if command.fields.is_empty() {
            return Err(InvalidRequest::NoFields);
        }
        let parameters = operation
            .parameters()
            .iter()
            .map(|name| Ok((*name, Parameter::read(operation, name, command)?)))
            .collect::<Result<BTreeMap<_, _>, InvalidRequest>>()?;
        let request = Self {
            operation,
            command_id: command.command_id.clone(),
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

    // Names of Salesforce go into paths and lists of fields, where nothing can be escaped.
    fn check_names(&self) -> Result<(), InvalidRequest> {
        if self.operation != Operation::Upsert {
            return Ok(());
        }
        let names = ["object", "externalIdField"].map(|name| self.parameter(name));
        let mut names = names.into_iter().chain(self.fields.keys().map(String::as_str));
        match names.find(|name| !is_name(name)) {
            Some(name) => Err(InvalidRequest::InvalidName(name.to_owned())),
            None => Ok(()),
        }
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

// === impl Parameter ===

impl Parameter {
    fn read(operation: Operation, name: &'static str, command: &WriteBack) -> Result<Self, InvalidRequest> {
        let missing = InvalidRequest::MissingParameter { operation: operation.name(), parameter: name };
        let value = command.parameters.get(name).filter(|value| !value.is_empty()).ok_or(missing)?;
        let segment = encode::path_segment(value);
        let segment =
            segment.map_err(|source| InvalidRequest::UnsafeParameter { parameter: name, source })?;
        Ok(Self { value: value.clone(), segment })
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
        assert_eq!(request.operation.guarantee().as_str(), "idempotency_key");
    }

    #[test]
    fn what_no_retry_can_help_is_refused() {
        let fields: &[(&str, &str)] = &[("Tier__c", "GOLD")];
        let with = |name, value| {
            let mut parameters = UPSERT.to_vec();
            parameters.iter_mut().filter(|(known, _)| *known == name).for_each(|(_, known)| *known = value);
            check(System::Salesforce, "upsert", &parameters, fields)
        };
        assert!(matches!(
            check(System::Sap, "upsert", UPSERT, fields),
            Err(InvalidRequest::UnknownOperation { .. })
        ));
        assert!(matches!(check(System::Salesforce, "upsert", UPSERT, &[]), Err(InvalidRequest::NoFields)));
        assert!(matches!(with("externalId", ""), Err(InvalidRequest::MissingParameter { .. })));
        assert!(matches!(with("externalId", ".."), Err(InvalidRequest::UnsafeParameter { .. })));
        assert!(matches!(with("object", "Contact/../x"), Err(InvalidRequest::InvalidName(_))));
        let injected = check(System::Salesforce, "upsert", UPSERT, &[("Tier__c,Name", "x")]);
        assert!(matches!(injected, Err(InvalidRequest::InvalidName(_))));
    }
}
