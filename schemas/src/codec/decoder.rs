//! From the bytes of a record to a value.

use std::collections::HashMap;
use std::marker::PhantomData;

use serde_avro_fast::Schema;

use super::resolve::Resolver;
use super::{Error, Value, frame, walk};

/// Decodes values of one type, whichever of the schemas it has been given they were written with.
pub struct Decoder<T> {
    writers: HashMap<u32, Writer>,
    value: PhantomData<fn() -> T>,
}

/// How to read what one schema wrote.
enum Writer {
    /// It is the schema of this build.
    Same(&'static Schema),
    /// It is another version.
    Other(Box<Resolver>),
}

// === impl Decoder ===

impl<T> Default for Decoder<T> {
    fn default() -> Self {
        Self { writers: HashMap::new(), value: PhantomData }
    }
}

impl<T: Value> Decoder<T> {
    /// A decoder that knows no schema id yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the schema of this id has been given.
    pub fn knows(&self, id: u32) -> bool {
        self.writers.contains_key(&id)
    }

    /// Whether the schema of this id is the one of this build.
    pub(crate) fn is_own(&self, id: u32) -> bool {
        matches!(self.writers.get(&id), Some(Writer::Same(_)))
    }

    /// Tells the decoder what schema the registry keeps under an id. Telling it twice is harmless.
    ///
    /// # Errors
    /// [`Error::Schema`] when the text is no Avro schema, [`Error::Incompatible`] when what it writes cannot be read as
    /// `T`.
    pub fn add_writer(&mut self, id: u32, schema_json: &str) -> Result<(), Error> {
        let writer = if same(schema_json, T::SCHEMA) {
            Writer::Same(T::compiled()?)
        } else {
            Writer::Other(Box::new(Resolver::new(id, schema_json, T::SCHEMA, T::NAME)?))
        };
        self.writers.insert(id, writer);
        Ok(())
    }

    /// Decodes the value of a record.
    ///
    /// # Errors
    /// [`Error::NotFramed`], [`Error::UnknownSchema`] (fetch the schema, [`Decoder::add_writer`], decode again) or
    /// [`Error::Malformed`].
    pub fn decode(&self, bytes: &[u8]) -> Result<T, Error> {
        let (id, body) = frame::split(bytes)?;
        let value = match self.writers.get(&id) {
            None => return Err(Error::UnknownSchema { id }),
            Some(Writer::Same(schema)) => decode_same(body, schema),
            Some(Writer::Other(resolver)) => resolver.decode(body),
        };
        value.map_err(|reason| Error::Malformed { id, name: T::NAME, reason })
    }
}

/// Decodes the value of a record that is known to be written by the schema of this build.
///
/// # Errors
/// [`Error::NotFramed`] or [`Error::Malformed`].
pub(crate) fn decode_own<T: Value>(bytes: &[u8]) -> Result<T, Error> {
    let (id, body) = frame::split(bytes)?;
    decode_same(body, T::compiled()?).map_err(|reason| Error::Malformed { id, name: T::NAME, reason })
}

fn decode_same<T: Value>(body: &[u8], schema: &Schema) -> Result<T, String> {
    let mut state = walk::state(body, schema);
    let value = T::deserialize(state.deserializer()).map_err(|error| error.to_string())?;
    match walk::left_over(&mut state.into_reader()) {
        0 => Ok(value),
        bytes => Err(format!("{bytes} bytes follow its end")),
    }
}

/// Whether two schema texts say the same; registries reformat what they are given.
fn same(one: &str, other: &str) -> bool {
    let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || matches!((parse(one), parse(other)), (Some(one), Some(other)) if one == other)
}
