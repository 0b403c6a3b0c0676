//! Which Rust type has which schema.

use std::sync::LazyLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Error;
use crate::{
    CrmChange, CustomerProfile, EnrichedEvent, PipelineError, PlatformEvent, QuarantinedPayload, QuotaLease,
    RoutingDecision, SchemaDrift, WriteBack, WriteBackResult,
};

/// A Rust type that travels as Avro.
pub trait Value: Serialize + DeserializeOwned {
    /// The schema this build writes and reads, as Avro JSON text.
    const SCHEMA: &'static str;
    /// Name of the record in the schema, without its namespace.
    const NAME: &'static str;

    /// [`Value::SCHEMA`], compiled once per process.
    ///
    /// # Errors
    /// [`Error::Schema`] when the text is no Avro schema; a test of this crate sees to it that all are.
    fn compiled() -> Result<&'static serde_avro_fast::Schema, Error>;
}

macro_rules! values {
    ($($value:ident),+ $(,)?) => {$(
        impl Value for $value {
            const SCHEMA: &'static str = include_str!(concat!("../../avsc/", stringify!($value), ".avsc"));
            const NAME: &'static str = stringify!($value);

            fn compiled() -> Result<&'static serde_avro_fast::Schema, Error> {
                static COMPILED: LazyLock<Result<serde_avro_fast::Schema, Error>> =
                    LazyLock::new(|| compile(<$value as Value>::SCHEMA, <$value as Value>::NAME));
                COMPILED.as_ref().map_err(Clone::clone)
            }
        }
    )+};
}

values!(
    PlatformEvent,
    EnrichedEvent,
    RoutingDecision,
    CustomerProfile,
    CrmChange,
    WriteBack,
    WriteBackResult,
    QuarantinedPayload,
    SchemaDrift,
    PipelineError,
    QuotaLease,
);

/// Compiles the schema of the value `name`.
pub(super) fn compile(text: &str, name: &'static str) -> Result<serde_avro_fast::Schema, Error> {
    text.parse().map_err(|error: serde_avro_fast::schema::SchemaError| Error::Schema {
        name,
        reason: error.to_string(),
    })
}
