//! What can go wrong with the registry.

use std::error::Error as _;

use schema_registry_converter::error::SRCError;
use schema_registry_converter::schema_registry_common::RawError;
use trunkline_schemas::error_codes;

/// Codes in the body of a 404 by which a registry says that there is no such schema: 40403 of the Confluent API, and
/// its relatives, which others use instead.
const UNKNOWN_CODES: std::ops::RangeInclusive<u32> = 40_400..=40_499;

/// Why the registry did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Certificate files or the URL cannot be used.
    #[error(
        "the schema registry's client cannot be created: {reason}; check [registry] in the configuration"
    )]
    Settings {
        /// What is wrong.
        reason: String,
    },
    /// It did not answer, or said that it cannot now.
    #[error("the schema registry cannot be reached: {reason}")]
    Unreachable {
        /// What happened.
        reason: String,
    },
    /// It does not let us.
    #[error(
        "the schema registry refuses {what}: {reason}; check the credentials of [registry] and their permissions"
    )]
    Refused {
        /// What was asked for.
        what: String,
        /// What it said.
        reason: String,
    },
    /// No schema has this id.
    #[error("the schema registry has no schema with id {id}: was the record written with another registry?")]
    UnknownId {
        /// The id.
        id: u32,
    },
    /// The schema is not there, and the configuration forbids to add it.
    #[error(
        "the schema of {subject} is not registered and auto_register is false: run `trunkline schemas apply`"
    )]
    NotRegistered {
        /// The subject.
        subject: String,
    },
    /// The schema may not follow the versions that are there.
    #[error(
        "the schema of {subject} is not compatible with an earlier version: {reason}; was it changed by another product?"
    )]
    Incompatible {
        /// The subject.
        subject: String,
        /// What it said.
        reason: String,
    },
    /// Its answer makes no sense.
    #[error(
        "the schema registry answered {what} with something else than the Confluent API promises: {reason}"
    )]
    Unexpected {
        /// What was asked for.
        what: String,
        /// What it said.
        reason: String,
    },
}

// === impl RegistryError ===

impl RegistryError {
    /// Whether the same question may be answered later.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// The stable error code, `TL-nnnn`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Incompatible { .. } | Self::NotRegistered { .. } => error_codes::SCHEMA_INCOMPATIBLE,
            Self::UnknownId { .. } => error_codes::UNKNOWN_SCHEMA_ID,
            _ => error_codes::REGISTRY_UNREACHABLE,
        }
        .as_str()
    }

    /// Of an answer with this status to `what` about `subject`.
    pub(super) fn of_status(status: u16, what: &str, reason: String) -> Self {
        match status {
            401 | 403 => Self::Refused { what: what.to_owned(), reason },
            409 => Self::Incompatible { subject: what.to_owned(), reason },
            408 | 425 | 429 | 500..=599 => Self::Unreachable { reason: format!("status {status}: {reason}") },
            _ => Self::Unexpected { what: what.to_owned(), reason: format!("status {status}: {reason}") },
        }
    }

    /// Of registering under a subject.
    pub(super) fn of_subject(subject: &str, error: &SRCError) -> Self {
        match status(error) {
            Some(status) => Self::of_status(status, subject, message(error)),
            None if error.retriable => Self::Unreachable { reason: message(error) },
            None => Self::Unexpected { what: subject.to_owned(), reason: message(error) },
        }
    }

    /// Of fetching a schema by id.
    pub(super) fn of_id(id: u32, error: &SRCError) -> Self {
        match status(error) {
            // Of the registry itself, and of nothing that stands before it or in its place.
            Some(404) if code(error).is_some_and(|code| UNKNOWN_CODES.contains(&code)) => {
                Self::UnknownId { id }
            }
            Some(404) => {
                let reason = format!("status 404 of something that is no registry: {}", message(error));
                Self::Unreachable { reason }
            }
            Some(status) => Self::of_status(status, &format!("schema id {id}"), message(error)),
            None if error.retriable => Self::Unreachable { reason: message(error) },
            None => Self::Unexpected { what: format!("schema id {id}"), reason: message(error) },
        }
    }
}

/// The HTTP status of an answer, which the library keeps in its message only.
fn status(error: &SRCError) -> Option<u16> {
    let (_, rest) = error.error.split_once("failed with status ")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The code in the body of an answer; 0 where it had none.
fn code(error: &SRCError) -> Option<u32> {
    Some(error.source()?.downcast_ref::<RawError>()?.error_code)
}

fn message(error: &SRCError) -> String {
    match error.source() {
        Some(source) => match source.downcast_ref::<RawError>() {
            Some(answer) => format!("{} ({})", answer.message, answer.error_code),
            None => chain(source),
        },
        None => error.error.clone(),
    }
}

/// An error with everything that led to it: HTTP clients hide "connection refused" two levels down.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
