//! Values as bytes: one byte of format version, then postcard (of entities: `packed`).

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateError;

/// Version of the format of values. A higher one than this build knows is refused; lower ones are read, and rewritten
/// in the background (`task::migration`).
pub const FORMAT_VERSION: u8 = 7;

/// Writes a value with its format version.
///
/// # Errors
/// [`StateError::Codec`] when the value cannot be written.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StateError> {
    postcard::to_extend(value, vec![FORMAT_VERSION]).map_err(StateError::Codec)
}

/// Reads a value of the current format back.
///
/// # Errors
/// [`StateError::Newer`] for a format this build does not know; [`StateError::Codec`] for anything malformed.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StateError> {
    let (_, body) = split_version(bytes)?;
    postcard::from_bytes(body).map_err(StateError::Codec)
}

/// A value's format version and its body.
///
/// # Errors
/// [`StateError::Newer`] for a format this build does not know; [`StateError::Empty`] for no bytes at all.
pub fn split_version(bytes: &[u8]) -> Result<(u8, &[u8]), StateError> {
    match bytes.split_first() {
        None => Err(StateError::Empty),
        Some((&version, _)) if version > FORMAT_VERSION => Err(StateError::Newer { found: version }),
        Some((&version, body)) => Ok((version, body)),
    }
}
