//! The parameters of an operation: what it needs beside the fields to write.

use std::fmt;

/// A parameter of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parameter {
    /// The event gives it; a rule states it only to differ.
    Event(EventParameter),
    /// A rule gives it: any value.
    Value(&'static str),
    /// A rule gives it: the name of an object or a field (letters, digits and underscores). Such names stand
    /// in paths and lists where nothing can be escaped.
    Identifier(&'static str),
}

/// A parameter that the event gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventParameter {
    /// `conversationId`.
    ConversationId,
    /// `participantId`.
    ParticipantId,
}

/// A parameter that a command does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingParameter {
    /// Name of the operation that needs it.
    pub operation: &'static str,
    /// Its name.
    pub parameter: &'static str,
}

// === impl Parameter ===

impl Parameter {
    /// As written in rules and commands, for instance `externalId`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event(parameter) => parameter.name(),
            Self::Value(name) | Self::Identifier(name) => name,
        }
    }
}

// === impl EventParameter ===

impl EventParameter {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::ConversationId, Self::ParticipantId];

    /// As written in rules, commands and events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConversationId => "conversationId",
            Self::ParticipantId => "participantId",
        }
    }
}

// === impl MissingParameter ===

impl fmt::Display for MissingParameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "operation '{}' needs parameter '{}'", self.operation, self.parameter)
    }
}

impl std::error::Error for MissingParameter {}
