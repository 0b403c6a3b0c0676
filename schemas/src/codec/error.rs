//! What can go wrong between a value and its bytes.

/// Why a value could not be encoded or decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes do not start with the header of the Confluent wire format.
    #[error(
        "record is not in the Confluent wire format: {0}; was it written by an Avro serializer with a registry?"
    )]
    NotFramed(&'static str),
    /// The decoder has not been given the schema that the record was written with.
    #[error("schema id {id} is not known yet: fetch its text from the registry and give it to the decoder")]
    UnknownSchema {
        /// Id in the record's header.
        id: u32,
    },
    /// The text of a schema cannot be used.
    #[error("schema of {name} cannot be parsed: {reason}")]
    Schema {
        /// Name of the value that was to be written or read.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// What was written with this schema cannot be read as the value asked for.
    #[error("schema id {id} cannot be read as {name}: {reason}; is it a record of another topic?")]
    Incompatible {
        /// Id of the writer's schema.
        id: u32,
        /// Name of the value that was to be read.
        name: &'static str,
        /// Where the schemas differ.
        reason: String,
    },
    /// The body is not what its schema says.
    #[error("record written with schema id {id} is not a valid {name}: {reason}")]
    Malformed {
        /// Id of the writer's schema.
        id: u32,
        /// Name of the value that was to be read.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The value does not fit its schema.
    #[error("{name} cannot be encoded: {reason}")]
    Encode {
        /// Name of the value.
        name: &'static str,
        /// What does not fit.
        reason: String,
    },
}
