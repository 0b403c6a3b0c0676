//! From a value to the bytes of a record.

use std::marker::PhantomData;

use serde_avro_fast::Schema;
use serde_avro_fast::ser::SerializerConfig;

use super::{Error, Value, frame};

/// Encodes values of one type under one schema id; made once, used for every record.
pub struct Encoder<T> {
    schema_id: u32,
    schema: Result<&'static Schema, Error>,
    /// Buffers of the serializer, kept between records.
    config: Option<SerializerConfig<'static>>,
    /// Bytes of the last record of its own, which tell how many the next may have.
    last: usize,
    value: PhantomData<fn(&T)>,
}

// === impl Encoder ===

impl<T: Value> Encoder<T> {
    /// An encoder that marks its records with the id under which the registry knows [`Value::SCHEMA`].
    pub fn new(schema_id: u32) -> Self {
        let schema = T::compiled();
        let config = schema.as_ref().ok().map(|schema| SerializerConfig::new(schema));
        Self { schema_id, schema, config, last: 0, value: PhantomData }
    }

    /// The id that records are marked with.
    pub fn schema_id(&self) -> u32 {
        self.schema_id
    }

    /// Replaces the content of `out` by the record's value: header and body. `out` keeps its allocation, so that one
    /// buffer serves many records.
    ///
    /// # Errors
    /// [`Error::Encode`] when a field does not fit its schema (money beyond `decimal(20,4)`); `out` is empty then.
    pub fn encode(&mut self, value: &T, out: &mut Vec<u8>) -> Result<(), Error> {
        out.clear();
        let Some(config) = &mut self.config else {
            return Err(self
                .schema
                .as_ref()
                .err()
                .cloned()
                .unwrap_or(Error::Schema { name: T::NAME, reason: "it was not compiled".to_owned() }));
        };
        out.extend_from_slice(&frame(self.schema_id));
        serde_avro_fast::to_datum(value, &mut *out, config)
            .map_err(|error| {
                let reason = error.to_string();
                Error::Encode { name: T::NAME, reason }
            })
            .map(drop)
            .inspect_err(|_| out.clear())
    }

    /// As [`Encoder::encode`], into a buffer of its own.
    ///
    /// # Errors
    /// As [`Encoder::encode`].
    pub fn encode_to_vec(&mut self, value: &T) -> Result<Vec<u8>, Error> {
        // Most are as long as those before them; growing from nothing would copy the bytes over and over.
        let mut out = Vec::with_capacity(self.last + self.last / 4);
        self.encode(value, &mut out)?;
        self.last = out.len();
        Ok(out)
    }
}
