//! The five bytes before every Avro body.

use super::Error;

/// Bytes before the body: the magic byte and the schema id.
pub const FRAME_LENGTH: usize = 5;

/// First byte of every record in the Confluent wire format.
const MAGIC: u8 = 0;

/// The header of a record written with this schema.
pub fn frame(schema_id: u32) -> [u8; FRAME_LENGTH] {
    let [a, b, c, d] = schema_id.to_be_bytes();
    [MAGIC, a, b, c, d]
}

/// The id of the schema that a record was written with.
///
/// # Errors
/// [`Error::NotFramed`] when the record is too short or does not start with the magic byte.
pub fn schema_id(bytes: &[u8]) -> Result<u32, Error> {
    split(bytes).map(|(id, _)| id)
}

/// Splits a record into schema id and body.
pub(super) fn split(bytes: &[u8]) -> Result<(u32, &[u8]), Error> {
    match bytes {
        [MAGIC, a, b, c, d, body @ ..] => Ok((u32::from_be_bytes([*a, *b, *c, *d]), body)),
        [MAGIC, ..] | [] => Err(Error::NotFramed("shorter than its five-byte header")),
        _ => Err(Error::NotFramed("its first byte is not zero")),
    }
}
