//! Reading what another version wrote, by Avro's rules of schema resolution.

use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::schema_compatibility::SchemaCompatibility;
use apache_avro::types::Value as Datum;
use apache_avro::{Decimal, Schema};
use serde::de::DeserializeOwned;

use super::{Error, value, walk};

/// A writer's schema that differs from the reader's.
pub(super) struct Resolver {
    /// The writer's schema in the form that checks a body quickly and safely.
    structure: serde_avro_fast::Schema,
    writer: Schema,
    reader: Schema,
}

// === impl Resolver ===

impl Resolver {
    /// Prepares to read as `reader` (schema text of the value `name`) what schema `id` wrote.
    pub(super) fn new(
        id: u32,
        writer: &str,
        reader: &'static str,
        name: &'static str,
    ) -> Result<Self, Error> {
        // This parser refuses schemas that contain themselves without end; the other one would recurse into them.
        let structure = value::compile(writer, name)?;
        let parse =
            |text| Schema::parse_str(text).map_err(|error| Error::Schema { name, reason: error.to_string() });
        let (writer, reader) = (parse(writer)?, parse(reader)?);
        SchemaCompatibility::can_read(&writer, &reader).map_err(|error| Error::Incompatible {
            id,
            name,
            reason: error.to_string(),
        })?;
        Ok(Self { structure, writer, reader })
    }

    /// Decodes one body.
    pub(super) fn decode<T: DeserializeOwned>(&self, mut body: &[u8]) -> Result<T, String> {
        // apache_avro takes the end of its input for null in places and allocates what a length field claims,
        // so it gets only bodies that are known to be whole.
        walk::check(body, &self.structure)?;
        let reader = GenericDatumReader::builder(&self.writer).build().map_err(|error| error.to_string())?;
        let datum = reader.read_value(&mut body).map_err(|error| error.to_string())?;
        let datum = widen(datum).resolve(&self.reader).map_err(|error| error.to_string())?;
        apache_avro::from_value(&datum).map_err(|error| error.to_string())
    }
}

/// apache_avro resolves a decimal only when it has enough bytes for the schema's whole precision, while writers use as
/// few as the number needs; the value is the same with its sign extended.
fn widen(datum: Datum) -> Datum {
    match datum {
        Datum::Decimal(decimal) => match Vec::<u8>::try_from(&decimal) {
            Ok(bytes) if bytes.len() < WIDE => {
                let sign = bytes.first().map_or(0, |first| if first & 0x80 == 0 { 0 } else { 0xFF });
                let mut wide = vec![sign; WIDE - bytes.len()];
                wide.extend_from_slice(&bytes);
                Datum::Decimal(Decimal::from(wide))
            }
            _ => Datum::Decimal(decimal),
        },
        Datum::Union(index, inner) => Datum::Union(index, Box::new(widen(*inner))),
        Datum::Array(items) => Datum::Array(items.into_iter().map(widen).collect()),
        Datum::Map(entries) => {
            Datum::Map(entries.into_iter().map(|(key, value)| (key, widen(value))).collect())
        }
        Datum::Record(fields) => {
            Datum::Record(fields.into_iter().map(|(name, value)| (name, widen(value))).collect())
        }
        other => other,
    }
}

/// Bytes that hold every decimal of up to 38 digits.
const WIDE: usize = 16;
