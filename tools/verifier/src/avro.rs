//! From the Confluent wire format to named fields, by the writer's schema and without any generated type.

use std::collections::BTreeMap;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;

/// A decoded record.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields(Vec<(String, Value)>);

/// What can be wrong with a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not the Confluent wire format.
    #[error("a value of {length} bytes does not begin with 00 and a schema id")]
    Frame {
        /// Bytes there were.
        length: usize,
    },
    /// The bytes do not fit the writer's schema.
    #[error("schema {id}: {source}")]
    Datum {
        /// The schema.
        id: u32,
        /// What apache-avro says.
        #[source]
        source: Box<apache_avro::Error>,
    },
    /// Bytes are left over behind the value.
    #[error("schema {id}: {left} bytes are left over behind the value")]
    LeftOver {
        /// The schema.
        id: u32,
        /// How many bytes.
        left: usize,
    },
    /// A field is not there, or is of another type.
    #[error("field '{name}' is missing or no {wanted}")]
    Field {
        /// The field.
        name: String,
        /// What it should be.
        wanted: &'static str,
    },
}

/// Splits a framed value into its schema id and the Avro bytes.
///
/// # Errors
/// [`Error::Frame`] when it is too short or begins with another byte.
pub fn split(bytes: &[u8]) -> Result<(u32, &[u8]), Error> {
    match bytes {
        [0, a, b, c, d, body @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), body)),
        _ => Err(Error::Frame { length: bytes.len() }),
    }
}

/// Decodes the Avro bytes of one record by its writer's schema.
///
/// # Errors
/// When the bytes do not fit the schema exactly, or it is no record.
pub fn decode(id: u32, schema: &Schema, mut body: &[u8]) -> Result<Fields, Error> {
    let reader = GenericDatumReader::builder(schema)
        .build()
        .map_err(|source| Error::Datum { id, source: Box::new(source) })?;
    let value =
        reader.read_value(&mut body).map_err(|source| Error::Datum { id, source: Box::new(source) })?;
    if !body.is_empty() {
        return Err(Error::LeftOver { id, left: body.len() });
    }
    match value {
        Value::Record(fields) => Ok(Fields(fields)),
        _ => Err(Error::Field { name: String::new(), wanted: "record" }),
    }
}

// === impl Fields ===

impl Fields {
    /// Named values, as a decoded record has them.
    pub fn new(fields: Vec<(String, Value)>) -> Self {
        Self(fields)
    }

    /// All fields, in the order of the schema.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    fn value(&self, name: &str) -> Option<&Value> {
        let (_, value) = self.0.iter().find(|(field, _)| field == name)?;
        match value {
            Value::Union(_, inner) => Some(inner),
            value => Some(value),
        }
    }

    fn required<'a, T>(
        &'a self,
        name: &str,
        wanted: &'static str,
        pick: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<T, Error> {
        self.value(name).and_then(pick).ok_or_else(|| Error::Field { name: name.to_owned(), wanted })
    }

    /// Whether the schema that it was written with has this field.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A string, or the symbol of an enum.
    ///
    /// # Errors
    /// [`Error::Field`] when it is missing, null or of another type; so for all getters here.
    pub fn text(&self, name: &str) -> Result<String, Error> {
        self.required(name, "text", text)
    }

    /// A string that may be null.
    ///
    /// # Errors
    /// [`Error::Field`] when it is missing or of another type.
    pub fn optional_text(&self, name: &str) -> Result<Option<String>, Error> {
        self.required(name, "text or null", |value| {
            if *value == Value::Null { Some(None) } else { text(value).map(Some) }
        })
    }

    /// An int, long or timestamp.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn integer(&self, name: &str) -> Result<i64, Error> {
        self.required(name, "integer", integer)
    }

    /// An int, long or timestamp that may be null.
    ///
    /// # Errors
    /// As [`Fields::optional_text`].
    pub fn optional_integer(&self, name: &str) -> Result<Option<i64>, Error> {
        self.required(name, "integer or null", |value| {
            if *value == Value::Null { Some(None) } else { integer(value).map(Some) }
        })
    }

    /// A boolean.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn flag(&self, name: &str) -> Result<bool, Error> {
        self.required(name, "boolean", |value| match value {
            Value::Boolean(flag) => Some(*flag),
            _ => None,
        })
    }

    /// Bytes.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn bytes(&self, name: &str) -> Result<&[u8], Error> {
        self.required(name, "bytes", |value| match value {
            Value::Bytes(bytes) | Value::Fixed(_, bytes) => Some(bytes.as_slice()),
            _ => None,
        })
    }

    /// A map of strings.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn texts(&self, name: &str) -> Result<Vec<(String, String)>, Error> {
        self.required(name, "map of texts", |value| match value {
            Value::Map(entries) => {
                entries.iter().map(|(key, value)| Some((key.clone(), text(value)?))).collect()
            }
            _ => None,
        })
    }

    /// A list of strings.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn list(&self, name: &str) -> Result<Vec<String>, Error> {
        self.required(name, "list of texts", |value| match value {
            Value::Array(items) => items.iter().map(text).collect(),
            _ => None,
        })
    }

    /// A decimal of four places, in ten-thousandths, that may be null.
    ///
    /// # Errors
    /// As [`Fields::optional_text`].
    pub fn optional_amount(&self, name: &str) -> Result<Option<i128>, Error> {
        self.required(name, "decimal or null", |value| match value {
            Value::Null => Some(None),
            value => decimal(value).map(Some),
        })
    }

    /// Amounts by their currencies, in ten-thousandths of each currency's unit; none where the schema that it was
    /// written with has no such field.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn amounts(&self, name: &str) -> Result<BTreeMap<String, i128>, Error> {
        if !self.has(name) {
            return Ok(BTreeMap::new());
        }
        self.required(name, "map of decimals", |value| match value {
            Value::Map(entries) => {
                entries.iter().map(|(currency, value)| Some((currency.clone(), decimal(value)?))).collect()
            }
            _ => None,
        })
    }

    /// The records of a list.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn records(&self, name: &str) -> Result<Vec<Fields>, Error> {
        self.required(name, "list of records", |value| match value {
            Value::Array(items) => items.iter().map(record).collect(),
            _ => None,
        })
    }

    /// A record within the record, that may be null.
    ///
    /// # Errors
    /// As [`Fields::optional_text`].
    pub fn optional_record(&self, name: &str) -> Result<Option<Fields>, Error> {
        self.required(name, "record or null", |value| {
            if *value == Value::Null { Some(None) } else { record(value).map(Some) }
        })
    }

    /// A record within the record.
    ///
    /// # Errors
    /// As [`Fields::text`].
    pub fn record(&self, name: &str) -> Result<Fields, Error> {
        self.required(name, "record", record)
    }
}

fn record(value: &Value) -> Option<Fields> {
    match value {
        Value::Record(fields) => Some(Fields(fields.clone())),
        Value::Union(_, inner) => record(inner),
        _ => None,
    }
}

fn decimal(value: &Value) -> Option<i128> {
    match value {
        Value::Decimal(amount) => Vec::<u8>::try_from(amount).ok().and_then(|bytes| signed(&bytes)),
        _ => None,
    }
}

/// A two's-complement number, big endian; `None` beyond 128 bits.
fn signed(bytes: &[u8]) -> Option<i128> {
    let start = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
    (bytes.len() <= 16)
        .then(|| bytes.iter().fold(start, |number: i128, byte| number << 8 | i128::from(*byte)))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) | Value::Enum(_, text) => Some(text.clone()),
        Value::Uuid(uuid) => Some(uuid.to_string()),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) | Value::Date(number) | Value::TimeMillis(number) => Some(i64::from(*number)),
        Value::Long(number) | Value::TimestampMillis(number) | Value::TimestampMicros(number) => {
            Some(*number)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[
        {"name":"id","type":"string"},
        {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"note","type":["null","string"],"default":null},
        {"name":"late","type":"boolean"},
        {"name":"mode","type":{"type":"enum","name":"M","symbols":["UNKNOWN","SORTED"]}},
        {"name":"inner","type":{"type":"record","name":"I","fields":[{"name":"raw","type":"bytes"}]}}]}"#;

    // id "a", at 1 (zig-zag 2), note null (branch 0), late true, mode SORTED (1, zig-zag 2), raw two bytes
    const BODY: &[u8] = &[2, b'a', 2, 0, 1, 2, 4, 0xFF, 0x00];

    #[test]
    fn reads_fields_by_name() {
        let fields = decode(1, &Schema::parse_str(SCHEMA).unwrap(), BODY).unwrap();
        assert_eq!(fields.text("id").unwrap(), "a");
        assert_eq!(fields.integer("at").unwrap(), 1);
        assert_eq!(fields.optional_text("note").unwrap(), None);
        assert!(fields.flag("late").unwrap());
        assert_eq!(fields.text("mode").unwrap(), "SORTED");
        assert_eq!(fields.record("inner").unwrap().bytes("raw").unwrap(), [0xFF, 0x00]);
        assert!(fields.text("at").is_err());
        assert!(fields.optional_text("absent").is_err());
    }

    #[test]
    fn objects_to_bytes_that_do_not_fit() {
        let schema = Schema::parse_str(SCHEMA).unwrap();
        assert!(matches!(decode(1, &schema, &[BODY, &[0]].concat()), Err(Error::LeftOver { left: 1, .. })));
        assert!(matches!(decode(1, &schema, &BODY[..3]), Err(Error::Datum { .. })));
        assert!(matches!(split(&[1, 0, 0, 0, 1, 2]), Err(Error::Frame { length: 6 })));
        assert!(matches!(split(&[0, 0]), Err(Error::Frame { length: 2 })));
        assert_eq!(split(&[0, 0, 0, 1, 2, 9]).unwrap(), (258, &[9u8][..]));
    }
}
